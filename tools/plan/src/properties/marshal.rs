// SPDX-License-Identifier: GPL-2.0

//! The services in user mode. Firmware finds its arguments and nothing else of the kernel's, and the
//! caller gets what the service is defined to give, whatever either of them says.

use super::*;
use crate::{
    exchange::{
        exchange,
        Caller,
        End,
        Outcome,
        Told,
        LARGEST, //
    },
    plan::{
        firmware::{
            service::{
                GET_NEXT_VARIABLE_NAME,
                GET_TIME,
                GET_VARIABLE,
                GET_WAKEUP_TIME,
                QUERY_VARIABLE_INFO,
                SET_TIME,
                SET_VARIABLE,
                SET_WAKEUP_TIME, //
            },
            status::Status,
            width::Width, //
        },
        user::calling::MOST_ARGS, //
    },
};
use proptest::array::uniform5;

/// A size that is often around that of a buffer.
fn size() -> impl Strategy<Value = usize> {
    prop_oneof![
        0usize..80,
        2040usize..2060,
        0..=LARGEST,
        select(vec![1 << 31, 1 << 32, (1 << 32) + 7, usize::MAX]),
        any::<usize>(),
    ]
}

fn status() -> impl Strategy<Value = Status> {
    // The 5 is a warning, not the error of the same number.
    let others = [3, 7, 9, 14, 21].map(|code| 1 << 63 | code);
    prop_oneof![
        4 => Just(Status::SUCCESS),
        3 => Just(Status::BUFFER_TOO_SMALL),
        2 => select(others.to_vec()).prop_map(Status),
        1 => Just(Status(5)),
        1 => any::<u64>().prop_map(Status),
    ]
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![
        8 => status().prop_map(End::Returned),
        1 => status().prop_map(End::Silent),
        1 => status().prop_map(End::Refused),
    ]
}

fn width() -> impl Strategy<Value = Width> {
    select(vec![Width::Bits64, Width::Bits32])
}

fn told() -> impl Strategy<Value = Told> {
    let memory = prop_oneof![0usize..200, 2000usize..5000, Just(8192)];
    let answer = || vec(any::<u8>(), 0..100);
    let said = proptest::option::of(size().prop_map(|size| size as u64));
    let stray = (0usize..8192, vec(any::<u8>(), 0..300));
    (end(), width(), memory, said, uniform5(answer()), stray).prop_map(
        |(end, width, memory, size, answers, stray)| Told {
            end,
            width,
            memory,
            size,
            answers,
            stray,
        },
    )
}

fn caller() -> impl Strategy<Value = Caller> {
    let null = prop_oneof![Just(0), any::<u8>()];
    let name = prop_oneof![
        vec(any::<u8>(), 0..60),
        vec(0u8..3, 0..60),
        vec(1u8.., 1000..1023),
    ];
    (null, any::<u8>(), size(), name).prop_map(|(null, number, size, name)| Caller {
        null,
        number,
        size,
        name,
    })
}

/// Each service has a test, so that a failure names it.
macro_rules! each_service {
    ($($test:ident: $service:ident)*) => {
        proptest! {
            $(
                #[test]
                fn $test(caller in caller(), told in told()) {
                    exchange(&$service, caller, &told);
                }
            )*
        }
    };
}

each_service! {
    get_time: GET_TIME
    set_time: SET_TIME
    get_wakeup_time: GET_WAKEUP_TIME
    set_wakeup_time: SET_WAKEUP_TIME
    get_variable: GET_VARIABLE
    get_next_variable_name: GET_NEXT_VARIABLE_NAME
    set_variable: SET_VARIABLE
    query_variable_info: QUERY_VARIABLE_INFO
}

/// Firmware that says the truth, with enough memory.
fn honest(
    status: Status,
    size: Option<usize>,
    answers: [Vec<u8>; MOST_ARGS],
    width: Width,
) -> Told {
    Told {
        end: End::Returned(status),
        width,
        memory: 8192,
        size: size.map(|size| size as u64),
        answers,
        stray: (0, Vec::new()),
    }
}

const ALL_PRESENT: u8 = 0;

proptest! {
    #[test]
    fn a_true_value_arrives_unchanged(
        data in vec(any::<u8>(), 1..LARGEST),
        attributes in any::<[u8; 4]>(),
        size in 0..=LARGEST,
        width in width(),
    ) {
        let fits = data.len() <= size;
        let status = if fits { Status::SUCCESS } else { Status::BUFFER_TOO_SMALL };
        let written = if fits { data.clone() } else { Vec::new() };
        let answers = [vec![], vec![], attributes.to_vec(), vec![], written];
        let caller = Caller { null: ALL_PRESENT, number: 0, size, name: vec![b'a'] };
        let told = honest(status, Some(data.len()), answers, width);
        let got = exchange(&GET_VARIABLE, caller, &told);

        prop_assert_eq!((got.status, got.size), (status, data.len()));
        prop_assert_eq!(got.buffers[2].as_deref(), Some(&attributes[..]));
        let buffer = got.buffers[4].as_deref().unwrap();
        if fits {
            prop_assert_eq!(&buffer[..data.len()], &data);
        }
        prop_assert!(fits || buffer.iter().all(|byte| *byte == 0xcc));
    }

    #[test]
    fn a_true_name_arrives_unchanged_even_if_its_size_is_wrong(
        name in vec(1u8.., 0..60),
        vendor in any::<[u8; 16]>(),
        says in prop_oneof![Just(None), (0usize..200).prop_map(Some)],
        width in width(),
    ) {
        let name: Vec<_> = name.into_iter().chain([0]).flat_map(|byte| [byte, 0]).collect();
        let answers = [vec![], name.clone(), vendor.to_vec(), vec![], vec![]];
        let caller = Caller { null: ALL_PRESENT, number: 0, size: 200, name: vec![b'a'; 100] };
        let told = honest(Status::SUCCESS, says, answers, width);
        let got = exchange(&GET_NEXT_VARIABLE_NAME, caller, &told);

        prop_assert_eq!((got.status, got.size), (Status::SUCCESS, says.unwrap_or(200)));
        prop_assert_eq!(&got.buffers[1].as_deref().unwrap()[..name.len()], &name);
        prop_assert_eq!(got.buffers[2].as_deref(), Some(&vendor[..]));
    }

    #[test]
    fn true_times_and_numbers_arrive_unchanged(answers in uniform5(vec(any::<u8>(), 16)), width in width()) {
        for (service, outputs) in [
            (&GET_TIME, &[(0, 16), (1, 12)][..]),
            (&GET_WAKEUP_TIME, &[(0, 1), (1, 1), (2, 16)]),
            (&QUERY_VARIABLE_INFO, &[(1, 8), (2, 8), (3, 8)]),
        ] {
            let caller = Caller { null: ALL_PRESENT, number: 7, size: 0, name: vec![] };
            let mut parts = [const { Vec::new() }; MOST_ARGS];
            for (arg, size) in outputs {
                parts[*arg] = answers[*arg][..*size].to_vec();
            }
            let got = exchange(service, caller, &honest(Status::SUCCESS, None, parts, width));
            prop_assert_eq!(got.status, Status::SUCCESS);
            for (arg, size) in outputs {
                prop_assert_eq!(got.buffers[*arg].as_deref(), Some(&answers[*arg][..*size]));
            }
        }
    }
}
