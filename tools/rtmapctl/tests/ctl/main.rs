// SPDX-License-Identifier: GPL-2.0
//! Tests of the program: it runs on machines of the lab, and its output is compared.

mod errors;
mod expected;
mod formats;
mod machine;
mod schema;
mod table;
