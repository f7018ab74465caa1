// SPDX-License-Identifier: GPL-2.0
//! Runs chains of kernels on real UEFI firmware in QEMU, with the real kexec-tools, and compares
//! what each kernel shows with what its scenario expects.

mod arch;
mod build;
mod distro;
mod images;
mod judge;
mod machine;
mod reports;
mod runner;
mod scenario;
mod selection;
mod words;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::{ensure, Context, Result};
use clap::{Args, Parser, Subcommand};

use arch::Arch;
use build::Build;
use images::{guest, hostile};
use machine::Lab;
use reports::{bench, comparison, demo, html, junit, ktap, neighbours, soak};
use scenario::{explain, file, Scenario};
use selection::{select, skip_long, Shard};
use words::{BootLoader, Requested};

#[derive(Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the guest's initrd
    Guest(Common),
    /// Run one scenario and show it as a table
    Demo {
        #[command(flatten)]
        common: Common,
        /// Its name; the main job if not given
        #[arg(default_value = "demo")]
        scenario: String,
    },
    /// Count what each map kind costs against stock's way
    Bench {
        #[command(flatten)]
        common: Common,
        /// How often each kind is booted
        #[arg(long, default_value_t = 2)]
        rounds: u32,
        /// How many machines at once; one more than there are processors if not given
        #[arg(long, short)]
        jobs: Option<usize>,
    },
    /// Run the rows of hostile firmware, with our kernels and with stock, and write a table of them
    #[command(name = "menu")]
    Comparison(Tabled),
    /// Run the chains with Debian's own kernels, and with stock in the place of ours, and write a
    /// table of them
    Neighbours(Tabled),
    /// Start Debian's machine for the first time, to configure the packages on its disk
    DistroConfigure {
        #[command(flatten)]
        common: Common,
        /// The kernel of the disk
        #[arg(long)]
        kernel: PathBuf,
        /// The disk; firmware's variables come into its folder
        #[arg(long)]
        disk: PathBuf,
    },
    /// Run a chain on Debian's machine, with our packaged kernel and with Debian's, and write a table
    /// of what its tools do
    Distro {
        #[command(flatten)]
        common: Common,
        /// The table
        #[arg(long)]
        write: PathBuf,
        /// The boot loaders: grub, systemd-boot; both if none is given
        loaders: Vec<BootLoader>,
        /// Run the chains with Debian's kernel again too
        #[arg(long)]
        again: bool,
    },
    /// Run a long chain on one firmware: nothing may grow, wear out or be lost
    Soak {
        #[command(flatten)]
        common: Common,
        /// How many kernels, one after the other
        #[arg(long, default_value_t = 1000)]
        generations: usize,
        /// The kind that the first kernel asks for: auto, phys, ident or fixed
        #[arg(long, default_value = "auto")]
        kind: Requested,
    },
    /// Print all that scenarios ask for and assert, their defaults included
    Explain {
        /// Where the scenario files are
        #[arg(long, default_value_os_t = build::default_scenarios())]
        scenarios: PathBuf,
        /// x86_64 or arm64
        #[arg(long, default_value = "x86_64", value_parser = arch::named)]
        arch: &'static Arch,
        /// Names or patterns (*, ?) of scenarios; all if none is given
        patterns: Vec<String>,
    },
    /// Run scenarios
    Run {
        #[command(flatten)]
        common: Common,
        /// Where the scenario files are
        #[arg(long, default_value_os_t = build::default_scenarios())]
        scenarios: PathBuf,
        /// Names or patterns (*, ?) of scenarios; all if none is given
        patterns: Vec<String>,
        /// How many at once; one more than there are processors if not given
        #[arg(long, short)]
        jobs: Option<usize>,
        /// Keep the machines' variable stores and shared files
        #[arg(long)]
        keep: bool,
        /// If no name is given: those too that take long, and all combinations of a matrix
        #[arg(long)]
        long: bool,
        /// Part i of n of them, e.g. 2/5: all parts together are all, and take about as long each
        #[arg(long)]
        shard: Option<Shard>,
        /// Only list what would run
        #[arg(long)]
        list: bool,
        /// Write the results to this file, as JUnit XML
        #[arg(long)]
        junit: Option<PathBuf>,
        /// Write the results to this file, as KTAP
        #[arg(long)]
        ktap: Option<PathBuf>,
    },
}

/// Scenarios whose outcome becomes a table.
#[derive(Args)]
struct Tabled {
    #[command(flatten)]
    common: Common,
    /// The table; what has been measured before with this build stays in it
    #[arg(long)]
    write: PathBuf,
    /// Names or patterns (*, ?) of scenarios; all that belong into the table if none is given
    patterns: Vec<String>,
    /// How many at once; one more than there are processors if not given
    #[arg(long, short)]
    jobs: Option<usize>,
}

impl Tabled {
    /// All, and those that are selected.
    fn scenarios(&self) -> Result<(Vec<Scenario>, Vec<Scenario>)> {
        let all = file::load_all(&build::default_scenarios(), self.common.arch)?;
        let selected = select(all.clone(), &self.patterns)?;
        Ok((all, selected))
    }
}

#[derive(Args)]
struct Common {
    /// The build directory (make's O=)
    #[arg(long)]
    build: PathBuf,
    /// x86_64 or arm64: whose kernels and firmware
    #[arg(long, default_value = "x86_64", value_parser = arch::named)]
    arch: &'static Arch,
    /// Multiplies all time limits, for slow machines
    #[arg(long, default_value_t = 1.0)]
    timeout_factor: f64,
}

impl Common {
    /// The lab with an up-to-date guest.
    fn lab(&self) -> Result<Lab> {
        let lab = self.bare_lab()?;
        if guest::build(&lab.build, lab.arch)? {
            eprintln!("lab: built {}", lab.build.initrd().display());
        }
        Ok(lab)
    }

    /// The lab for machines that have a system of their own.
    fn bare_lab(&self) -> Result<Lab> {
        ensure!(
            self.timeout_factor.is_finite() && self.timeout_factor > 0.0,
            "--timeout-factor {}: must be above zero",
            self.timeout_factor
        );
        Ok(Lab {
            build: Build::new(&self.build, self.arch)?,
            arch: self.arch,
            time_factor: self.timeout_factor,
            keep: false,
            count_instructions: false,
        })
    }
}

fn main() -> ExitCode {
    match Cli::parse().command.perform() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("lab: {error:#}");
            ExitCode::from(2)
        }
    }
}

impl Command {
    /// False: it ran, and something is not as it should be.
    fn perform(self) -> Result<bool> {
        match self {
            Self::Guest(common) => common.lab().map(|_| true),
            Self::Demo { common, scenario } => {
                let all = file::load_all(&build::default_scenarios(), common.arch)?;
                let selected = select(all, &[scenario])?;
                let lab = common.lab()?;
                if selected[0].is_hostile() {
                    hostile::build(&lab.build, lab.arch)?;
                }
                demo::run(&lab, &selected[0])
            }
            Self::Bench {
                common,
                rounds,
                jobs,
            } => {
                ensure!(rounds > 0, "--rounds 0: at least one");
                let lab = Lab {
                    count_instructions: true,
                    ..common.lab()?
                };
                hostile::build(&lab.build, lab.arch)?;
                bench::run(&lab, rounds, at_once(jobs)?).map(|()| true)
            }
            Self::Comparison(tabled) => {
                let (all, selected) = tabled.scenarios()?;
                let lab = tabled.common.lab()?;
                hostile::build(&lab.build, lab.arch)?;
                let jobs = at_once(tabled.jobs)?;
                comparison::run(&lab, &all, &selected, jobs, &tabled.write)
            }
            Self::Neighbours(tabled) => {
                let (_, selected) = tabled.scenarios()?;
                let lab = tabled.common.lab()?;
                let jobs = at_once(tabled.jobs)?;
                neighbours::run(&lab, &selected, jobs, &tabled.write)
            }
            Self::DistroConfigure {
                common,
                kernel,
                disk,
            } => {
                distro::configure(&common.bare_lab()?, &kernel, &disk)?;
                Ok(true)
            }
            Self::Distro {
                common,
                write,
                loaders,
                again,
            } => {
                let both = [BootLoader::Grub, BootLoader::SystemdBoot];
                let loaders = if loaders.is_empty() {
                    &both[..]
                } else {
                    &loaders
                };
                distro::run(&common.bare_lab()?, loaders, again, &write)
            }
            Self::Soak {
                common,
                generations,
                kind,
            } => {
                ensure!(generations > 0, "--generations 0: at least one");
                let lab = common.lab()?;
                hostile::build(&lab.build, lab.arch)?;
                soak::run(&lab, &soak::chain::scenario(lab.arch, generations, kind))
            }
            Self::Explain {
                scenarios,
                arch,
                patterns,
            } => {
                let selected = select(file::load_all(&scenarios, arch)?, &patterns)?;
                print_each(&selected, explain::scenario);
                Ok(true)
            }
            Self::Run {
                common,
                scenarios,
                patterns,
                jobs,
                keep,
                long,
                shard,
                list,
                junit,
                ktap,
            } => {
                let mut selected = select(file::load_all(&scenarios, common.arch)?, &patterns)?;
                if patterns.is_empty() && !list {
                    // They need Debian's kernels, which `make check-distro` fetches.
                    selected.retain(|scenario| !scenario.has_neighbours());
                }
                if !long && patterns.is_empty() {
                    skip_long(&mut selected);
                }
                if let Some(shard) = shard {
                    selected = shard.of(selected);
                }
                if list {
                    print_each(&selected, |scenario| {
                        format!("{:30} {}", scenario.name, scenario.about)
                    });
                    return Ok(true);
                }
                let lab = Lab {
                    keep,
                    ..common.lab()?
                };
                if selected.iter().any(Scenario::is_hostile) {
                    hostile::build(&lab.build, lab.arch)?;
                }
                let started = SystemTime::now();
                let outcomes = runner::run_all(&lab, &selected, at_once(jobs)?)?;
                if let Some(path) = junit {
                    save(&path, junit::render(lab.arch.name, &outcomes)?)?;
                }
                if let Some(path) = ktap {
                    save(&path, ktap::render(&outcomes))?;
                }
                let page = html::write(&lab, &selected, &outcomes, started)?;
                println!("report: {}", page.display());
                Ok(outcomes.iter().all(|outcome| outcome.passed))
            }
        }
    }
}

fn print_each(scenarios: &[Scenario], text: impl Fn(&Scenario) -> String) {
    let mut out = std::io::stdout().lock();
    for scenario in scenarios {
        // The reader may have seen enough.
        let _ = writeln!(out, "{}", text(scenario));
    }
}

fn at_once(jobs: Option<usize>) -> Result<usize> {
    ensure!(jobs != Some(0), "--jobs 0: at least one");
    Ok(match jobs {
        Some(jobs) => jobs,
        // A machine that waits leaves its processor to another.
        None => std::thread::available_parallelism()?.get() + 1,
    })
}

fn save(path: &Path, text: String) -> Result<()> {
    std::fs::write(path, text).with_context(|| path.display().to_string())
}
