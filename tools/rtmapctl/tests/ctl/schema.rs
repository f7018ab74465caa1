// SPDX-License-Identifier: GPL-2.0
//! `status --json` on each machine against `schema/status.json`.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::machine::Machine;

fn schema() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/status.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The first violation of `schema` in `value`, whose place is `at`. It knows the keywords of our
/// schema, and no others.
fn violation(schema: &Value, value: &Value, at: &str) -> Option<String> {
    let object = schema.as_object().unwrap();
    object
        .iter()
        .find_map(|(keyword, rule)| match keyword.as_str() {
            "$schema" | "title" | "description" => None,
            "type" => {
                let allowed = rule.as_array().cloned().unwrap_or(vec![rule.clone()]);
                let is = |ty: &Value| match ty.as_str().unwrap() {
                    "null" => value.is_null(),
                    "boolean" => value.is_boolean(),
                    "integer" => value.is_u64() || value.is_i64(),
                    "string" => value.is_string(),
                    "array" => value.is_array(),
                    "object" => value.is_object(),
                    other => panic!("type {other}"),
                };
                (!allowed.iter().any(is)).then(|| format!("{at}: {value} is no {rule}"))
            }
            "const" => (value != rule).then(|| format!("{at}: {value} is not {rule}")),
            "minimum" => {
                let good = value
                    .as_i64()
                    .is_none_or(|value| value >= rule.as_i64().unwrap());
                (!good).then(|| format!("{at}: {value} is less than {rule}"))
            }
            "enum" => {
                let good = rule.as_array().unwrap().contains(value);
                (!good).then(|| format!("{at}: {value} is none of {rule}"))
            }
            "items" => {
                let items = value.as_array().into_iter().flatten();
                items
                    .enumerate()
                    .find_map(|(k, item)| violation(rule, item, &format!("{at}/{k}")))
            }
            "required" => {
                let names = rule
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|name| name.as_str().unwrap());
                let missing = names.filter(|name| value.is_object() && value.get(name).is_none());
                missing.map(|name| format!("{at}: no {name}")).next()
            }
            "properties" => rule.as_object().unwrap().iter().find_map(|(name, rule)| {
                violation(rule, value.get(name)?, &format!("{at}/{name}"))
            }),
            "additionalProperties" => {
                assert_eq!(rule, &Value::Bool(false));
                let known = object["properties"].as_object().unwrap();
                let mut names = value.as_object().into_iter().flat_map(|value| value.keys());
                let stranger = names.find(|name| !known.contains_key(*name))?;
                Some(format!("{at}: unknown {stranger}"))
            }
            "oneOf" => {
                let branches = rule.as_array().unwrap();
                let errors: Vec<_> = branches
                    .iter()
                    .map(|rule| violation(rule, value, at))
                    .collect();
                let good = errors.iter().filter(|error| error.is_none()).count();
                (good != 1).then(|| format!("{at}: {good} of {}: {errors:?}", branches.len()))
            }
            other => panic!("keyword {other}"),
        })
}

#[test]
fn every_machine_follows_the_schema() {
    let schema = schema();
    for machine in [
        "faulted",
        "ident",
        "in-call",
        "legacy",
        "off",
        "phys-arm64",
        "pointer",
        "quirk-arm64",
        "stock",
        "user-32",
        "user-stopped",
    ] {
        let printed = Machine::named(machine).run(&["status", "--json"]).printed;
        let value = serde_json::from_str(&printed).unwrap();
        assert_eq!(violation(&schema, &value, ""), None, "{machine}: {printed}");
    }
}

#[test]
fn a_violation_is_found() {
    let printed = Machine::named("ident").run(&["status", "--json"]).printed;
    let good: Value = serde_json::from_str(&printed).unwrap();
    for (place, wrong) in [
        ("/kind", Value::from("lofty")),
        ("/svam/generation", Value::from(-1)),
        ("/services_on/3", Value::from("GetLost")),
        ("/calls/in_progress", Value::from(7)),
        ("/version", Value::from(2)),
    ] {
        let mut value = good.clone();
        *value.pointer_mut(place).unwrap() = wrong;
        let found = violation(&schema(), &value, "");
        assert!(
            found.as_ref().is_some_and(|text| text.contains(place)),
            "{place}: {found:?}"
        );
    }
    let mut value = good.clone();
    value["colour"] = "red".into();
    assert!(violation(&schema(), &value, "").is_some_and(|text| text.contains("unknown colour")));
    value = good;
    value.as_object_mut().unwrap().remove("faulted");
    assert!(violation(&schema(), &value, "").is_some_and(|text| text.contains("no faulted")));
}
