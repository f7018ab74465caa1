// SPDX-License-Identifier: GPL-2.0
//! Reads scenario files. A file describes one scenario or, with a matrix, one for each combination
//! of the matrix' values; `{axis}` and `{axis.key}` in any string stand for them, and `{arch.key}`
//! for what differs between architectures.

use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail, ensure, Context, Result};
use toml::{Table, Value};

use crate::arch::{self, Arch};
use crate::matrix::{combinations, Substitutions};
use crate::scenario::Scenario;

/// What an axis cannot be called.
const ARCH: &str = "arch";

/// All scenarios for `arch` of the .toml files of a directory and of those in it, in the files'
/// order.
pub fn load_all(directory: &Path, arch: &Arch) -> Result<Vec<Scenario>> {
    let pattern = directory.join("**/*.toml");
    let pattern = pattern
        .to_str()
        .context("directory of scenarios: no text")?;
    let mut paths = glob::glob(pattern)?.collect::<Result<Vec<PathBuf>, _>>()?;
    ensure!(!paths.is_empty(), "no scenarios: {pattern}");
    // `crash.toml` before `crash-pstore.toml`.
    paths.sort_by_key(|path| path.with_extension(""));
    let mut scenarios = Vec::new();
    for path in &paths {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let parsed = parse(&text, arch).with_context(|| path.display().to_string())?;
        scenarios.extend(parsed);
    }
    scenarios.retain(|scenario| scenario.is_for(arch));
    ensure_unique(&scenarios)?;
    Ok(scenarios)
}

pub fn parse(text: &str, arch: &Arch) -> Result<Vec<Scenario>> {
    let mut file: Table = text.parse()?;
    let of_arch = of_arch(arch);
    let mut axes = match file.remove("matrix") {
        None => Table::new(),
        Some(Value::Table(axes)) => axes,
        Some(other) => bail!("matrix: {other} is not a table of axes"),
    };
    ensure!(
        !axes.contains_key(ARCH),
        "matrix.{ARCH}: has a meaning already"
    );
    for (_, values) in &mut axes {
        substitute(values, &of_arch)?;
    }
    // Architectures share the files that are for both. Its name tells which has a file, so that each has
    // about as many.
    let name = file.get("name").and_then(Value::as_str).unwrap_or_default();
    let first: usize = name.bytes().map(usize::from).sum();
    let mut scenarios = Vec::new();
    for mut combination in combinations(&axes)? {
        combination.values.extend(of_arch.clone());
        let mut scenario = instance(&file, &combination.values)?;
        scenario.long |= if scenario.each_value {
            !combination.is_on_diagonal(arch.turn)
        } else {
            let elsewhere = scenario.is_for_all() && first % arch::ALL.len() != arch.turn;
            elsewhere || !combination.is_first()
        };
        scenarios.push(scenario);
    }
    Ok(scenarios)
}

fn of_arch(arch: &Arch) -> Substitutions {
    let rtmap = &arch.rtmap;
    [
        ("kind", rtmap.kind.to_string()),
        ("svam", rtmap.svam.to_string()),
        ("stock-kind", rtmap.stock_kind.to_string()),
        ("stock-svam", rtmap.stock_svam.to_string()),
        ("stock-wx", rtmap.stock_wx.into()),
        ("legacy-wx", rtmap.legacy_wx.into()),
        ("wide", arch.wide.into()),
    ]
    .map(|(key, value)| (format!("{ARCH}.{key}"), Value::String(value)))
    .into()
}

fn instance(file: &Table, substitutions: &Substitutions) -> Result<Scenario> {
    let mut value = Value::Table(file.clone());
    substitute(&mut value, substitutions)?;
    let name = match value.get("name") {
        Some(Value::String(name)) => name.clone(),
        _ => bail!("name: missing, or not a string"),
    };
    let scenario: Scenario = serde_path_to_error::deserialize(value.clone())
        .map_err(|error| explain(&error, &value))
        .with_context(|| format!("scenario {name}"))?;
    scenario
        .validate()
        .with_context(|| format!("scenario {name}"))?;
    Ok(scenario)
}

/// Adds what stands at the place of the error; serde does not always say it.
fn explain(error: &serde_path_to_error::Error<toml::de::Error>, file: &Value) -> anyhow::Error {
    let path = error.path().to_string();
    let mut at = Some(file);
    for part in path.split(['.', '[', ']']).filter(|part| !part.is_empty()) {
        at = at.and_then(|value| match part.parse::<usize>() {
            Ok(index) => value.get(index),
            Err(_) => value.get(part),
        });
    }
    let reason = error.inner().message();
    match at {
        Some(value) if !value.is_table() && !value.is_array() => {
            anyhow!("{path} = {value}: {reason}")
        }
        _ => anyhow!("{path}: {reason}"),
    }
}

fn ensure_unique(scenarios: &[Scenario]) -> Result<()> {
    let mut names = std::collections::BTreeSet::new();
    for scenario in scenarios {
        ensure!(
            names.insert(&scenario.name),
            "two scenarios are called {}",
            scenario.name
        );
    }
    Ok(())
}

fn substitute(value: &mut Value, substitutions: &Substitutions) -> Result<()> {
    match value {
        Value::String(text) => match whole(text, substitutions) {
            Some(number) => *value = number,
            None => *text = fill_in(text, substitutions)?,
        },
        Value::Array(items) => {
            for item in items {
                substitute(item, substitutions)?;
            }
        }
        Value::Table(fields) => {
            for (_, field) in fields {
                substitute(field, substitutions)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// The number that a string stands for which is nothing but its placeholder.
fn whole(text: &str, substitutions: &Substitutions) -> Option<Value> {
    let name = text.strip_prefix('{')?.strip_suffix('}')?;
    let value = substitutions.get(name)?;
    value.is_integer().then(|| value.clone())
}

fn fill_in(text: &str, substitutions: &Substitutions) -> Result<String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after
            .split_once('}')
            .with_context(|| format!("{text:?}: no }} after {{"))?;
        let value = substitutions
            .get(name)
            .with_context(|| format!("{text:?}: nothing is called {name}"))?;
        filled += before;
        match value {
            Value::String(text) => filled += text,
            number => filled += &number.to_string(),
        }
        rest = after;
    }
    Ok(filled + rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use efi_rtmap_orders::MAX_FAULTS;

    const GOOD: &str = r#"
        name = "example"
        about = "for the tests"
        [[kernel]]
        image = "rtmap"
        expect = { kind = "ident", origin = "fresh", svam = "called-ident" }
        [[kernel]]
        image = "stock"
        loader = "-c"
        expect = { wx = "any" }
    "#;

    fn parsed(text: &str) -> Result<Vec<Scenario>> {
        parse(text, arch::named("x86_64").unwrap())
    }

    fn error_of(from: &str, to: &str) -> String {
        assert!(GOOD.contains(from), "{from}");
        format!("{:#}", parsed(&GOOD.replace(from, to)).unwrap_err())
    }

    #[test]
    fn the_example_is_good() {
        let scenarios = parsed(GOOD).unwrap();
        assert_eq!(scenarios.len(), 1);
        assert_eq!(scenarios[0].generations().len(), 2);
    }

    #[test]
    fn errors_name_scenario_field_and_value() {
        for (from, to, parts) in [
            (
                "\"ident\"",
                "\"idnet\"",
                &["kernel[0].expect.kind", "idnet", "`fixed`"][..],
            ),
            ("\"fresh\"", "7", &["kernel[0].expect.origin = 7"]),
            ("\"stock\"", "\"bsd\"", &["kernel[1].image = \"bsd\""]),
            (
                "\"any\"",
                "\"few\"",
                &[
                    "kernel[1].expect.wx",
                    "number, \"none\", \"some\" or \"any\"",
                ],
            ),
            ("wx =", "xw =", &["kernel[1].expect", "xw"]),
            ("about =", "abuot =", &["abuot"]),
            ("loader = \"-c\"", "", &["kernel[1]", "loader: missing"]),
            ("\"-c\"", "\"-x\"", &["kernel[1].loader = \"-x\"", "-s"]),
            (
                "svam = \"called-ident\"",
                "",
                &["kernel[0]", "expect.svam: missing"],
            ),
            (
                "wx =",
                "svam = \"failed\", wx =",
                &["kernel[1]", "expect.svam: this kernel has no"],
            ),
        ] {
            let error = error_of(from, to);
            for part in parts.iter().chain(&["scenario example"]) {
                assert!(
                    error.contains(part),
                    "{from} -> {to}: {part:?} not in {error}"
                );
            }
        }
    }

    #[test]
    fn firmware_starts_the_first_kernel() {
        let error = error_of("image = \"rtmap\"", "image = \"rtmap\"\nloader = \"-s\"");
        assert!(error.contains("kernel[0]: loader, repeat"), "{error}");
    }

    #[test]
    fn a_matrix_gives_one_scenario_per_combination() {
        let text = GOOD
            .replace("\"example\"", "\"{kind.is}{loader}\"")
            .replace("kind = \"ident\"", "kind = \"{kind.is}\"")
            .replace("loader = \"-c\"", "loader = \"{loader}\"")
            + "[matrix]\nkind = [{ is = \"phys\" }, { is = \"fixed\" }]\nloader = [\"-c\", \"-s\"]";
        let names: Vec<String> = parsed(&text).unwrap().into_iter().map(|s| s.name).collect();
        assert_eq!(names, ["phys-c", "phys-s", "fixed-c", "fixed-s"]);
    }

    #[test]
    fn few_scenarios_of_a_matrix_are_not_long() {
        let text = GOOD
            .replace("\"example\"", "\"{kind}{loader}\"")
            .replace("kind = \"ident\"", "kind = \"{kind}\"")
            .replace("loader = \"-c\"", "loader = \"{loader}\"")
            + "[matrix]\nkind = [\"phys\", \"ident\", \"fixed\"]\nloader = [\"-c\", \"-s\"]";
        let short = |arch, head: &str| {
            let text = format!("{head}\n{text}");
            let mut scenarios = parse(&text, arch::named(arch).unwrap()).unwrap();
            assert_eq!(scenarios.len(), 6);
            scenarios.retain(|scenario| !scenario.long);
            scenarios.into_iter().map(|scenario| scenario.name)
        };
        let each = "each-value = true";
        assert!(short("x86_64", each).eq(["phys-c", "ident-s", "fixed-c"]));
        assert!(short("arm64", each).eq(["phys-s", "ident-c", "fixed-s"]));
        let one = "arch = [\"x86_64\"]";
        assert!(short("x86_64", one).eq(["phys-c"]));
        assert!(short("x86_64", "").chain(short("arm64", "")).eq(["phys-c"]));
    }

    #[test]
    fn a_number_of_a_matrix_is_one_where_it_stands_alone() {
        for (place, axis) in [
            ("count", "count = [64, 1024]"),
            ("of.count", "of = [{ count = 64 }, { count = 1024 }]"),
        ] {
            let text = GOOD
                .replace("\"example\"", &format!("\"example-{{{place}}}\""))
                .replace("about =", &format!("memory-mib = \"{{{place}}}\"\nabout ="))
                + "[matrix]\n"
                + axis;
            let scenarios = parsed(&text).unwrap();
            let seen = scenarios.iter().map(|s| (s.name.as_str(), s.memory_mib));
            let seen: Vec<_> = seen.collect();
            assert_eq!(seen, [("example-64", 64), ("example-1024", 1024)]);
        }
    }

    #[test]
    fn a_matrix_is_of_strings_and_numbers() {
        for (values, part) in [
            ("[true]", "matrix.of: true is neither"),
            ("[{ size = true }]", "matrix.of.size: true is neither"),
            ("[]", "matrix.of: [] is not a list"),
            ("7", "matrix.of: 7 is not a list"),
        ] {
            let text = format!("{GOOD}[matrix]\nof = {values}");
            let error = format!("{:#}", parsed(&text).unwrap_err());
            assert!(error.contains(part), "{values}: {error}");
        }
    }

    #[test]
    fn an_unknown_placeholder_is_an_error() {
        let error = error_of("for the tests", "for {kind}");
        assert!(error.contains("nothing is called kind"), "{error}");
    }

    #[test]
    fn architectures_differ_in_one_file() {
        let text = GOOD
            .replace("\"ident\"", "\"{kind}\"")
            .replace("called-ident", "{arch.svam}")
            + "[matrix]\nkind = [\"{arch.kind}\"]";
        let kind = |name| {
            let scenarios = parse(&text, arch::named(name).unwrap()).unwrap();
            scenarios[0].kernel[0].expect.kind.unwrap().to_string()
        };
        assert_eq!(
            (kind("x86_64"), kind("arm64")),
            ("ident".into(), "phys".into())
        );
    }

    #[test]
    fn a_scenario_may_be_for_one_architecture() {
        let text = GOOD.replace("about =", "arch = [\"arm64\"]\nabout =");
        let scenario = &parsed(&text).unwrap()[0];
        let is_for = |name| scenario.is_for(arch::named(name).unwrap());
        assert_eq!((is_for("x86_64"), is_for("arm64")), (false, true));
        let error = error_of("about =", "arch = [\"mips\"]\nabout =");
        assert!(error.contains("mips"), "{error}");
        let error = error_of("[[kernel]]", "matrix.arch = [\"x\"]\n[[kernel]]");
        assert!(error.contains("matrix.arch"), "{error}");
    }

    #[test]
    fn a_fault_of_one_architecture_is_not_for_the_other() {
        let fault = |what| format!("fault = [{{ what = \"{what}\" }}]\nabout =");
        let error = error_of("about =", &fault("mxcsr"));
        assert!(
            error.contains("Mxcsr") && error.contains("x86_64"),
            "{error}"
        );
        let one = format!("arch = [\"x86_64\"]\n{}", fault("mxcsr"));
        for good in [one, fault("page-fault")] {
            let text = GOOD.replace("about =", &good);
            assert!(parsed(&text).unwrap()[0].is_hostile());
        }
    }

    #[test]
    fn there_are_no_more_faults_than_the_driver_takes() {
        let nine = ["{ what = \"hang\" }"; MAX_FAULTS + 1].join(", ");
        let error = error_of("about =", &format!("fault = [{nine}]\nabout ="));
        assert!(error.contains("9 of them"), "{error}");
    }
}
