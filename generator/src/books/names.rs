//! Names by number, so that a claim stays small.

use std::collections::HashMap;

use crate::fact::Name;

#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    list: Vec<Name>,
    numbers: HashMap<Name, u32>,
}

impl Names {
    /// The number of a name, given on first use.
    pub(super) fn number(&mut self, name: &Name) -> u32 {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let number = self.list.len() as u32;
        self.list.push(name.clone());
        self.numbers.insert(name.clone(), number);
        number
    }

    pub(super) fn find(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    pub(super) fn name(&self, number: u32) -> Name {
        self.list
            .get(number as usize)
            .cloned()
            .unwrap_or_else(|| Name::from(""))
    }

    pub(super) fn bytes(&self, number: u32) -> &[u8] {
        self.list
            .get(number as usize)
            .map_or(b"", |name| name.as_bytes())
    }
}
