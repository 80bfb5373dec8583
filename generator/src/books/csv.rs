//! One fact as one line of CSV; docs/books.md describes the columns.

use std::fmt::Write;

use crate::clock::ClockRule;
use crate::device::Device;
use crate::fact::{EventFact, Fact, Name, Outcome};

/// The first line of a file of facts.
pub(super) const HEADER: &str = "partition,offset,element,outcome,received_us,product,device,\
channel,event,event_time_us,clock_rule,tie,counts\n";

/// One line, read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) received_us: i64,
    pub(super) fact: Fact,
}

/// Appends a line.
pub(super) fn write(out: &mut String, partition: i32, offset: i64, received_us: i64, fact: &Fact) {
    let outcome = fact.outcome.name();
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "{partition},{offset},{},{outcome},{received_us},",
        fact.element
    );
    match &fact.event {
        None => out.push_str(",,,,,,,0\n"),
        Some(event) => {
            text(out, &event.product);
            let _ = write!(out, ",{},", event.device);
            if let Some(channel) = &event.channel {
                text(out, channel);
            }
            let _ = writeln!(
                out,
                ",{},{},{},{:016x},{}",
                event.event,
                event.event_time_us,
                event.clock_rule.name(),
                event.tie,
                u8::from(event.counts)
            );
        }
    }
}

/// A value in quotes where it needs them; an empty one has them, to differ from a null.
fn text(out: &mut String, value: &str) {
    if !value.is_empty() && !value.contains([',', '"', '\n', '\r']) {
        out.push_str(value);
        return;
    }
    out.push('"');
    out.push_str(&value.replace('"', "\"\""));
    out.push('"');
}

/// Reads a line without its line break; `names` gives equal names one allocation.
pub(super) fn read(line: &str, names: &mut impl FnMut(&str) -> Name) -> Result<Line, String> {
    let fields = fields(line)?;
    let [partition, offset, element, outcome, received_us, event @ ..] = fields.as_slice() else {
        return Err(format!("{} fields, not 13", fields.len()));
    };
    let outcome = required(outcome)?;
    let outcome =
        Outcome::from_name(outcome).ok_or_else(|| format!("unknown outcome {outcome}"))?;
    let event = match outcome {
        Outcome::Event => Some(event_fact(event, names)?),
        Outcome::DeadLetter(_) => None,
    };
    Ok(Line {
        partition: number(partition)?,
        offset: number(offset)?,
        received_us: number(received_us)?,
        fact: Fact {
            element: number(element)?,
            outcome,
            event,
        },
    })
}

type Field = Option<String>;

fn event_fact(fields: &[Field], names: &mut impl FnMut(&str) -> Name) -> Result<EventFact, String> {
    let [
        product,
        device,
        channel,
        event,
        event_time_us,
        clock_rule,
        tie,
        counts,
    ] = fields
    else {
        return Err(format!("{} fields, not 13", fields.len() + 5));
    };
    let device = required(device)?;
    let tie = required(tie)?;
    Ok(EventFact {
        product: names(required(product)?),
        device: Device::parse(device).ok_or_else(|| format!("device {device} is not canonical"))?,
        channel: channel.as_deref().map(names),
        event: event_name(required(event)?)?,
        event_time_us: number(event_time_us)?,
        clock_rule: rule(required(clock_rule)?)?,
        tie: u64::from_str_radix(tie, 16).map_err(|_| format!("tie {tie} is not hexadecimal"))?,
        counts: required(counts)? == "1",
    })
}

fn required(field: &Field) -> Result<&str, String> {
    field
        .as_deref()
        .ok_or_else(|| "a field that must have a value is empty".to_owned())
}

fn number<T: std::str::FromStr>(field: &Field) -> Result<T, String> {
    let text = required(field)?;
    text.parse()
        .map_err(|_| format!("{text} is not a number of the expected size"))
}

fn event_name(name: &str) -> Result<&'static str, String> {
    ["install", "activate", "launch", "upgrade"]
        .into_iter()
        .find(|known| *known == name)
        .ok_or_else(|| format!("unknown event {name}"))
}

fn rule(name: &str) -> Result<ClockRule, String> {
    [ClockRule::Skew, ClockRule::Client, ClockRule::Received]
        .into_iter()
        .find(|rule| rule.name() == name)
        .ok_or_else(|| format!("unknown clock rule {name}"))
}

/// Splits a line; an empty field without quotes is none.
fn fields(line: &str) -> Result<Vec<Field>, String> {
    let mut fields = Vec::with_capacity(13);
    let mut rest = line;
    loop {
        if let Some(quoted) = rest.strip_prefix('"') {
            let mut value = String::new();
            let mut inside = quoted;
            loop {
                let (part, after) = inside.split_once('"').ok_or("a quote is not closed")?;
                value.push_str(part);
                match after.strip_prefix('"') {
                    Some(more) => {
                        value.push('"');
                        inside = more;
                    }
                    None => {
                        rest = after;
                        break;
                    }
                }
            }
            fields.push(Some(value));
            if rest.is_empty() {
                return Ok(fields);
            }
            rest = rest
                .strip_prefix(',')
                .ok_or("text follows a closing quote")?;
        } else {
            let (field, after) = match rest.split_once(',') {
                Some((field, after)) => (field, Some(after)),
                None => (rest, None),
            };
            fields.push((!field.is_empty()).then(|| field.to_owned()));
            match after {
                Some(after) => rest = after,
                None => return Ok(fields),
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::fact::Reason;

    fn event(channel: Option<&str>) -> Fact {
        Fact {
            element: 3,
            outcome: Outcome::Event,
            event: Some(EventFact {
                product: Name::from("maps"),
                device: Device::parse("0a1b2c3d4e5f6071").unwrap(),
                channel: channel.map(Name::from),
                event: "activate",
                event_time_us: 1_790_000_000_123_000,
                clock_rule: ClockRule::Skew,
                tie: 0x00ff_0000_0000_0001,
                counts: true,
            }),
        }
    }

    #[test]
    fn lines_come_back_as_they_were() {
        let facts = [
            event(Some("huawei-store")),
            event(None),
            event(Some("")),
            event(Some("o'brien, \"inc\"")),
            event(Some("推广")),
            Fact::dead_letter(-1, Reason::CannotDecrypt),
        ];
        for fact in facts {
            let mut line = String::new();
            write(&mut line, 11, 42, 1_790_000_000_000_000, &fact);
            assert!(line.ends_with('\n'));
            let read = read(line.trim_end_matches('\n'), &mut |name| Name::from(name)).unwrap();
            let expected = Line {
                partition: 11,
                offset: 42,
                received_us: 1_790_000_000_000_000,
                fact,
            };
            assert_eq!(read, expected);
            assert_eq!(
                fields(line.trim_end()).unwrap().len(),
                HEADER.split(',').count()
            );
        }
    }

    #[test]
    fn broken_lines_say_what_is_wrong() {
        let mut names = |name: &str| Name::from(name);
        for line in [
            "",
            "1,2",
            "0,0,0,later,1,,,,,,,,0",
            "0,0,0,event,1,,,,,,,,0",
            "0,\"0",
            "x,0,0,event,1",
        ] {
            assert!(read(line, &mut names).is_err(), "{line}");
        }
    }
}
