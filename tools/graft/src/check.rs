// SPDX-License-Identifier: GPL-2.0

//! Says of each file whether the tree has it as it shall be.

use std::fmt;

use crate::plan::{Plan, Step};

pub struct Report<'a>(pub &'a Plan);

impl Report<'_> {
    pub fn is_complete(&self) -> bool {
        let mut steps = self.0.files.iter().chain(&self.0.edited);
        self.0.refusals.is_empty() && steps.all(Step::is_done)
    }
}

fn status(step: &Step) -> &'static str {
    if step.is_done() {
        "applied"
    } else if step.current == step.stock {
        "missing"
    } else {
        "differs"
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in self.0.files.iter().chain(&self.0.edited) {
            writeln!(f, "{}  {}", status(step), step.path)?;
        }
        for refusal in &self.0.refusals {
            writeln!(f, "refused  {refusal}")?;
        }
        let done = |steps: &[Step]| steps.iter().filter(|step| step.is_done()).count();
        let Plan { files, edited, .. } = self.0;
        writeln!(
            f,
            "{} of {} files of ours and {} of {} of upstream's are as the series has them",
            done(files),
            files.len(),
            done(edited),
            edited.len(),
        )
    }
}
