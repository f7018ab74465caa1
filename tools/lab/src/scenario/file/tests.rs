// SPDX-License-Identifier: GPL-2.0
use super::*;
use crate::scenario::SERVICES;
use efi_rtmap_guest::plan::Action;
use efi_rtmap_orders::MAX_FAULTS;

const GOOD: &str = r#"
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
    parse("example", text, arch::named("x86_64").unwrap())
}

fn error_of(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    format!("{:#}", parsed(&GOOD.replace(from, to)).unwrap_err())
}

#[test]
fn the_example_is_good() {
    let scenarios = parsed(GOOD).unwrap();
    assert_eq!(scenarios.len(), 1);
    assert_eq!(scenarios[0].name, "example");
    assert_eq!(scenarios[0].kernel.len(), 2);
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
            "wx =",
            "svam = \"failed\", wx =",
            &["kernel[1]", "expect.svam: this kernel has no"],
        ),
        ("\"ident\"", "\"none\"", &["kernel[0]", "off = true"]),
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
    assert!(error.contains("kernel[0]: loader: firmware"), "{error}");
}

#[test]
fn the_name_is_the_path() {
    assert_eq!(
        name(Path::new("hostile/hang-write.toml")),
        "hostile-hang-write"
    );
    assert_eq!(name(Path::new("demo.toml")), "demo");
}

#[test]
fn a_matrix_gives_one_scenario_per_combination() {
    let text = GOOD
        .replace("kind = \"ident\"", "kind = \"{kind}\"")
        .replace("loader = \"-c\"", "loader = \"{loader.is}\"")
        + "[matrix]\nkind = [\"phys\", \"fixed\"]\n\
           loader = [{ name = \"-p -c\", is = \"-p -c\" }, { is = \"-s\" }]";
    let names: Vec<String> = parsed(&text).unwrap().into_iter().map(|s| s.name).collect();
    let expected = ["phys-p-c", "phys", "fixed-p-c", "fixed"];
    assert_eq!(names, expected.map(|suffix| format!("example-{suffix}")));
}

#[test]
fn few_scenarios_of_a_matrix_are_not_long() {
    let text = GOOD
        .replace("kind = \"ident\"", "kind = \"{kind}\"")
        .replace("loader = \"-c\"", "loader = \"{loader}\"")
        + "[matrix]\nkind = [\"phys\", \"ident\", \"fixed\"]\nloader = [\"-c\", \"-s\"]";
    let short = |arch, head: &str| {
        let text = format!("{head}\n{text}");
        let mut scenarios = parse("a", &text, arch::named(arch).unwrap()).unwrap();
        assert_eq!(scenarios.len(), 6);
        scenarios.retain(|scenario| !scenario.long);
        scenarios.into_iter().map(|scenario| scenario.name)
    };
    let each = "each-value = true";
    assert!(short("x86_64", each).eq(["a-phys-c", "a-ident-s", "a-fixed-c"]));
    assert!(short("arm64", each).eq(["a-phys-s", "a-ident-c", "a-fixed-s"]));
    let one = "arch = [\"x86_64\"]";
    assert!(short("x86_64", one).eq(["a-phys-c"]));
    assert!(short("x86_64", "")
        .chain(short("arm64", ""))
        .eq(["a-phys-c"]));
}

#[test]
fn what_stands_alone_is_the_value_itself() {
    for (place, axis) in [
        ("count", "count = [64, 1024]"),
        ("of.name", "of = [{ name = 64 }, { name = 1024 }]"),
    ] {
        let text = GOOD.replace("about =", &format!("memory-mib = \"{{{place}}}\"\nabout ="))
            + "[matrix]\n"
            + axis;
        let scenarios = parsed(&text).unwrap();
        let seen = scenarios.iter().map(|s| (s.name.as_str(), s.memory_mib()));
        let seen: Vec<_> = seen.collect();
        assert_eq!(seen, [("example-64", 64), ("example-1024", 1024)]);
    }
    let text = GOOD.replace(
        "about =",
        "long = \"{of.long}\"\nsmbios = \"{of.list}\"\nabout =",
    ) + "[matrix]\nof = [{ long = true, list = [\"x\"] }]";
    let scenario = &parsed(&text).unwrap()[0];
    assert!(scenario.long);
    assert_eq!(scenario.smbios, ["x"]);
}

#[test]
fn a_value_within_a_text_is_a_string_or_a_number() {
    let text = GOOD.replace("for the tests", "of {of.it}") + "[matrix]\nof = [{ it = true }]";
    let error = format!("{:#}", parsed(&text).unwrap_err());
    assert!(error.contains("of.it is true"), "{error}");
    for (values, part) in [
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
fn a_fault_of_one_architecture_is_not_for_the_other() {
    let text = |arch| {
        let fault = format!("{arch}\nfault = [{{ what = \"mxcsr\" }}]\nabout =");
        GOOD.replace("about =", &fault)
    };
    let on = |text: &str, name| parse("example", text, arch::named(name).unwrap());
    assert!(on(&text(""), "x86_64").unwrap()[0].is_hostile());
    let error = format!("{:#}", on(&text(""), "arm64").unwrap_err());
    assert!(
        error.contains("Mxcsr") && error.contains("x86_64"),
        "{error}"
    );
    let one = text("arch = [\"x86_64\"]");
    assert_eq!(on(&one, "arm64").unwrap().len(), 0);
}

/// The files of this repository, on each architecture.
#[test]
fn all_scenarios_are_good() {
    for arch in arch::ALL {
        let scenarios = load_all(&crate::build::default_scenarios(), arch).unwrap();
        assert!(scenarios.len() > 200, "{}", arch.name);
    }
}

#[test]
fn there_are_no_more_faults_than_the_driver_takes() {
    let nine = ["{ what = \"hang\" }"; MAX_FAULTS + 1].join(", ");
    let error = error_of("about =", &format!("fault = [{nine}]\nabout ="));
    assert!(error.contains("9 of them"), "{error}");
}

#[test]
fn stock_code_after_kexec_has_room() {
    let memory = |kernels: &str| {
        let text = format!("about = \"for the tests\"\nkernel = [{kernels}]");
        parsed(&text).unwrap()[0].memory_mib()
    };
    let ours = "{ loader = \"-c\" }";
    let crash = "{ image = \"stock\", loader = \"-p -c\" }";
    let off = "{ options = \"efi=rtmap:off\" }";
    for (kernels, mib) in [
        (format!("{{}}, {ours}"), 1024),
        ("{ image = \"stock\" }".into(), 1024),
        (format!("{{}}, {crash}"), 1024),
        ("{}, { image = \"stock\", loader = \"-c\" }".into(), 3072),
        (format!("{{ image = \"stock\" }}, {ours}"), 3072),
        (format!("{off}, {ours}"), 3072),
    ] {
        assert_eq!(memory(&kernels), mib, "{kernels}");
    }
}

#[test]
fn the_twin_in_user_mode_tells_its_services_last() {
    let text = r#"
        about = "for the tests"
        [[kernel]]
        options = "crashkernel=256M"
        then = [{ call = "get-time" }, "crash"]
        expect.faulted = true
        [[kernel]]
        image = "stock"
        loader = "-p -c"
    "#;
    let twin = parsed(text).unwrap()[0].in_user_mode();
    let [ours, stock] = &twin.kernel[..] else {
        panic!("{:?}", twin.kernel);
    };
    assert_eq!(ours.options, "crashkernel=256M efi=rtmap:user");
    let list = Action::Read(SERVICES.into());
    assert_eq!(ours.then[1..], [list, Action::Crash]);
    assert_eq!(ours.expect.faulted, None);
    assert_eq!((stock.options.as_str(), stock.then.len()), ("", 0));
}
