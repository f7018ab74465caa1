// SPDX-License-Identifier: GPL-2.0
//! The messages of the hostile firmware driver.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use efi_rtmap_orders::Event;

/// All events, in order. A machine that was switched off may leave half a line at the end: there is
/// no event in it.
pub fn read(path: &Path) -> Result<Vec<Event>> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    parse(&text).with_context(|| path.display().to_string())
}

/// Those of whole lines.
pub fn parse(text: &str) -> Result<Vec<Event>> {
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let events = whole.lines().enumerate().map(|(index, line)| {
        serde_json::from_str(line).with_context(|| format!("line {}: {line:?}", index + 1))
    });
    events.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use efi_rtmap_orders::{Service, What};

    const LOG: &str = r#"{"ready":{"code":4096,"faults":1}}
{"fault":{"what":"page-fault","service":"get-time","generation":2}}
"#;

    #[test]
    fn each_line_is_an_event() {
        let fault = Event::Fault {
            what: What::PageFault,
            service: Service::GetTime,
            generation: 2,
        };
        let ready = Event::Ready {
            code: 4096,
            faults: 1,
        };
        assert_eq!(parse(LOG).unwrap(), [ready, fault]);
    }

    #[test]
    fn half_a_line_at_the_end_is_no_event() {
        let cut = LOG.trim_end_matches("2}}\n");
        assert_eq!(parse(cut).unwrap().len(), 1);
        assert_eq!(parse("{\"re").unwrap(), []);
    }

    #[test]
    fn an_error_names_its_line() {
        let damaged = LOG.replace("page-fault", "page-falut");
        let error = format!("{:#}", parse(&damaged).unwrap_err());
        assert!(
            error.contains("line 2") && error.contains("page-falut"),
            "{error}"
        );
    }
}
