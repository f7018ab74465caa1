// SPDX-License-Identifier: GPL-2.0
//! Formats that other programs read: of Prometheus, SVG, shells and man.

use std::collections::BTreeSet;
use std::fs;

use crate::machine::Machine;

/// Checks the text format 0.0.4 of Prometheus, and returns the names of the metrics.
fn metrics(text: &str) -> BTreeSet<String> {
    assert!(text.ends_with('\n'), "{text}");
    let mut names = BTreeSet::new();
    let mut current = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            current = help.split(' ').next().unwrap().to_string();
            let kind = lines
                .next()
                .and_then(|line| line.strip_prefix(&format!("# TYPE {current} ")));
            assert!(
                matches!(kind, Some("gauge" | "counter")),
                "{line}: {kind:?}"
            );
            assert_eq!(
                kind == Some("counter"),
                current.ends_with("_total"),
                "{line}"
            );
            assert!(names.insert(current.clone()), "{line}: twice");
            continue;
        }
        let (sample, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = sample.split_once('{').unwrap_or((sample, "}"));
        assert_eq!(name, current, "{line}");
        assert!(value.parse::<u64>().is_ok(), "{line}");
        let labels = labels.strip_suffix('}').unwrap();
        for label in labels.split(',').filter(|label| !label.is_empty()) {
            let (key, value) = label.split_once("=\"").unwrap();
            let good = |text: &str| {
                text.chars()
                    .all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
            };
            assert!(
                good(key) && value.strip_suffix('"').is_some_and(good),
                "{line}"
            );
        }
    }
    names
}

#[test]
fn prometheus_can_read_every_machine() {
    for (machine, status, count) in [
        ("ident", 0, 10),
        ("phys-arm64", 0, 10),
        ("in-call", 0, 6),
        ("legacy", 0, 7),
        ("stock", 2, 1),
        ("off", 2, 1),
    ] {
        let run = Machine::named(machine).run(&["export", "prometheus"]);
        assert_eq!((run.status, run.complaint.as_str()), (status, ""));
        assert_eq!(
            metrics(&run.printed).len(),
            count,
            "{machine}: {}",
            run.printed
        );
    }
    let printed = Machine::named("pointer")
        .run(&["export", "prometheus"])
        .printed;
    for line in [
        "efi_rtmap_service_on{service=\"SetVariable\"} 0\n",
        "efi_rtmap_service_on{service=\"GetTime\"} 1\n",
        "efi_rtmap_calls_total 171\n",
        "efi_rtmap_kexecs 1\n",
    ] {
        assert!(printed.contains(line), "{line}: {printed}");
    }
}

#[test]
fn the_file_is_replaced_at_once_and_everybody_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let machine = Machine::named("ident");
    machine.put("out/rtmap.prom", "old");
    let file = machine.path("out/rtmap.prom");
    let run = machine.run(&["export", "prometheus", "--output", file.to_str().unwrap()]);
    assert_eq!((run.status, run.printed.as_str()), (0, ""), "{run:?}");
    metrics(&fs::read_to_string(&file).unwrap());
    assert_eq!(fs::read_dir(machine.path("out")).unwrap().count(), 1);
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o444,
        0o444
    );
    let nowhere = machine.path("none/rtmap.prom");
    let run = machine.run(&[
        "export",
        "prometheus",
        "--output",
        nowhere.to_str().unwrap(),
    ]);
    assert_eq!(run.status, 1);
}

#[test]
fn a_picture_has_each_region_in_both_columns() {
    for (machine, regions) in [("ident", 6), ("quirk-arm64", 7), ("legacy", 6)] {
        let machine = Machine::named(machine);
        let file = machine.path("map.svg");
        let run = machine.run(&["map", "--svg", file.to_str().unwrap()]);
        assert_eq!(run.status, 0, "{run:?}");
        let svg = fs::read_to_string(file).unwrap();
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
        assert_eq!(svg.matches("<polygon ").count(), regions);
        assert_eq!(svg.matches("class=\"edge\"").count(), 2 * regions);
        assert_eq!(svg.matches('<').count(), svg.matches('>').count());
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}

#[test]
fn the_manual_has_a_page_for_each_command() {
    let machine = Machine::named("ident");
    fs::create_dir(machine.path("man")).unwrap();
    let run = machine.run(&["man", machine.path("man").to_str().unwrap()]);
    assert_eq!(run.status, 0, "{run:?}");
    for page in [
        "rtmapctl",
        "rtmapctl-status",
        "rtmapctl-why-off",
        "rtmapctl-export-prometheus",
    ] {
        let page = fs::read_to_string(machine.path(&format!("man/{page}.1"))).unwrap();
        assert!(page.contains(".SH NAME"), "{page}");
    }
    for shell in ["bash", "zsh", "fish"] {
        let run = machine.run(&["completions", shell]);
        assert!(run.printed.contains("why-off"), "{shell}");
    }
}
