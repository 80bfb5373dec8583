//! Every element is in exactly one outcome, whatever the records are and however they are batched.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const PIPELINE: &str = "SELECT p.product, l.value.d AS device, l.value.n AS n, received AS at,
     CASE WHEN l.value IS NULL THEN 'malformed' WHEN p.product IS NULL THEN 'unknown' END AS reject
     FROM logs LEFT JOIN apps p ON p.app = l.value.a WHERE coalesce(l.value.n, 1) <> 0";

fn element() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("null".to_owned()),
        Just("7".to_owned()),
        ("k[1-4]", "[a-c]?", -1_i64..3).prop_map(|(a, d, n)| {
            let device = if d.is_empty() {
                String::new()
            } else {
                format!(r#","d":"{d}""#)
            };
            format!(r#"{{"a":"{a}","n":{n}{device}}}"#)
        }),
    ]
}

fn record() -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        1 => Just(None),
        1 => Just(Some("{broken".to_owned())),
        6 => prop::collection::vec(element(), 0..4).prop_map(|e| Some(format!("[{}]", e.join(",")))),
    ]
}

fn outcomes(output: &PipelineOutput) -> Vec<(u32, i32)> {
    let pairs = |rows: &arrow::array::UInt32Array, elements: &Int32Array| {
        let elements = elements.values().to_vec();
        rows.values()
            .to_vec()
            .into_iter()
            .zip(elements)
            .collect::<Vec<_>>()
    };
    [
        pairs(&output.row, &output.element),
        pairs(&output.rejects.row, &output.rejects.element),
        pairs(&output.filtered.row, &output.filtered.element),
    ]
    .concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_element_is_in_exactly_one_outcome(
        values in prop::collection::vec(record(), 0..20),
        cut in 0_usize..20,
    ) {
        let plan = PLAN.with(std::rc::Rc::clone);
        let values: Vec<Option<&str>> = values.iter().map(Option::as_deref).collect();
        let output = run(&plan, &records(&values), &apps());
        let outcomes = outcomes(&output);
        let distinct: BTreeSet<_> = outcomes.iter().copied().collect();
        prop_assert_eq!(distinct.len(), outcomes.len());
        prop_assert_eq!(output.produced.len(), outcomes.len());
        prop_assert_eq!(output.rows.num_rows(), output.row.len());
        let seen: BTreeSet<u32> = outcomes.iter().map(|o| o.0).collect();
        prop_assert_eq!(seen.len(), values.len(), "a record vanished");

        let cut = cut.min(values.len());
        let parts = [&values[..cut], &values[cut..]].map(|part| run(&plan, &records(part), &apps()));
        let devices = |o: &PipelineOutput| strings(&o.rows, "device");
        let apart: Vec<String> = parts.iter().flat_map(devices).collect();
        prop_assert_eq!(devices(&output), apart);
    }
}

thread_local! {
    static PLAN: std::rc::Rc<PipelinePlan> =
        std::rc::Rc::new(plan(&format!("INSERT INTO seen {LOGS} {PIPELINE}")));
}
