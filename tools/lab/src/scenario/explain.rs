// SPDX-License-Identifier: GPL-2.0
//! `lab explain`: all that a scenario asks for and asserts, its defaults included, as text that stays
//! the same as long as it means the same.

use std::fmt::{Debug, Display, Write};

use super::{Check, RuntimeMap, Scenario, Step};
use crate::words::{Wx, WxWord};

/// The checks of runtime services, by the names that scenario files give them.
const CHECKS: [(&str, Check); 5] = [
    ("list", Check::List),
    ("read", Check::Read),
    ("write", Check::Write),
    ("storage", Check::Storage),
    ("clock", Check::Clock),
];

/// The whole scenario: its machine, its faults, and each kernel.
pub fn scenario(scenario: &Scenario) -> String {
    let mut told = Lines(format!("scenario {}\n", scenario.name));
    told.machine(scenario);
    for (k, step) in scenario.kernel.iter().enumerate() {
        told.line(&format!("generation {k}"), step.described());
        told.kernel(step);
    }
    told.0
}

struct Lines(String);

impl Lines {
    fn line(&mut self, name: &str, value: impl Display) {
        writeln!(self.0, "  {name}: {value}").expect("a string takes all");
    }

    /// Of a kernel.
    fn fact(&mut self, name: &str, value: impl Display) {
        writeln!(self.0, "    {name}: {value}").expect("a string takes all");
    }

    fn given(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.fact(name, value);
        }
    }

    /// Each in a line of its own, in no order that matters.
    fn each(&mut self, name: &str, values: &[impl Debug]) {
        let mut values: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
        values.sort();
        for value in values {
            self.fact(name, value);
        }
    }

    fn machine(&mut self, scenario: &Scenario) {
        self.line("about", &scenario.about);
        self.line("firmware", format!("{:?}", scenario.firmware));
        self.line("cpu", format!("{:?}", scenario.cpu));
        self.line("cpu-features", format!("{:?}", scenario.cpu_features));
        self.line("machine-options", format!("{:?}", scenario.machine_options));
        self.line("device-tree", scenario.device_tree);
        for reserved in &scenario.reserved_memory {
            self.line("reserved-memory", format!("{reserved:x?}"));
        }
        for record in &scenario.smbios {
            self.line("smbios", record);
        }
        self.line("memory-mib", scenario.memory_mib());
        self.line("smp", scenario.smp);
        self.line("time-limit-s", scenario.time_limit_s);
        self.line("tpm", scenario.tpm);
        self.line("disk", scenario.disk);
        self.line("ballast-mib", scenario.ballast_mib);
        self.line("long", scenario.long);
        self.line("hostile", scenario.is_hostile());
        for fault in &scenario.fault {
            self.line("fault", format!("{fault:?}"));
        }
        if let Some(image) = scenario.same_as {
            self.line("same-as", image);
        }
        if let Some(known) = &scenario.expect_failure {
            self.line("expect-failure", format!("{known:?}"));
        }
        if let Some(row) = &scenario.row {
            self.line("row", row);
        }
        if let Some(needs) = &scenario.needs {
            self.line("needs", needs);
        }
    }

    fn kernel(&mut self, step: &Step) {
        let expect = &step.expect;
        self.fact("options", &step.options);
        for action in &step.then {
            self.fact("then", format!("{action:?}"));
        }
        let directory = step.rtmap_on() && !expect.untold;
        self.fact("rtmap directory", directory);
        if directory {
            self.given("kind", expect.kind);
            self.given("origin", expect.origin);
            self.given("svam", expect.svam);
            self.given("privilege", expect.privilege);
            self.given("requested", expect.requested);
            self.given("generation", expect.generation);
            self.given("faulted", expect.faulted());
            self.each("reason", expect.reason.as_slice());
            self.given("shared-pages", expect.shared_pages);
            self.given(
                "without",
                expect.without.as_ref().map(|off| format!("{off:?}")),
            );
        }
        self.given("tainted", expect.tainted());
        self.given("five-level", expect.five_level);
        self.wx(step);
        let same = expect.runtime_map == Some(RuntimeMap::Same);
        self.given("runtime-map", same.then_some("same"));
        self.given("as-modelled", expect.as_modelled.then_some("yes"));
        self.given(
            "tables",
            (!expect.untold).then_some("as in the first kernel"),
        );
        for (name, check) in CHECKS {
            let word = if expect.works(check) {
                "works"
            } else {
                "does not work"
            };
            self.fact(name, word);
        }
        self.given("firmware-faults", expect.firmware_faults);
        self.each("log", &expect.log);
        self.each("log-once", &expect.log_once);
        self.each("no-log", &expect.no_log);
        self.each("tolerate", &expect.tolerate);
        self.each("printed", &expect.printed);
    }

    fn wx(&mut self, step: &Step) {
        let expect = &step.expect;
        let word = |wx| match wx {
            Wx::Exactly(count) => count.to_string(),
            Wx::Word(WxWord::None) => "none".into(),
            Wx::Word(WxWord::Some) => "some".into(),
            Wx::Word(WxWord::Any) => "any".into(),
        };
        if expect.without_firmware() || expect.wx == Some(Wx::Word(WxWord::Any)) {
            return;
        }
        match expect.wx {
            Some(wx) => self.fact("wx", word(wx)),
            None if step.rtmap_on() && expect.wx_pages.is_none() => {
                self.fact("wx", "no more than shared pages");
            }
            None => {}
        }
        self.given("wx-pages", expect.wx_pages.map(word));
    }
}
