//! Which rows compete for a key's credit, decided from the index, and which one takes it.

use super::index::{Fingerprint, Stored, stored_ms};
use super::order::{Order, Rank};
use super::ranks::Ranks;

/// The rows of one call that could take the credit of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Contest {
    pub(crate) fingerprint: Fingerprint,
    /// Who holds the credit; its entry must be read before there is a winner.
    pub(crate) stored: Option<Stored>,
    /// Rows that may come before it, the least first.
    rows: Vec<usize>,
}

/// Groups the rows that could change a credit by their key. Rows that are received later than the
/// credit drop out here, by the index alone.
pub(crate) fn contests(
    order: &Order,
    ranks: &Ranks,
    fingerprints: &[Fingerprint],
    stored: &[Option<Stored>],
) -> Vec<Contest> {
    let mut rows: Vec<usize> = (0..fingerprints.len())
        .filter(|row| {
            let at_ms = stored_ms(ranks.at(*row).leading(order.leading()));
            stored[*row].is_none_or(|s| at_ms <= s.at_ms)
        })
        .collect();
    rows.sort_unstable_by(|a, b| {
        fingerprints[*a]
            .cmp(&fingerprints[*b])
            .then_with(|| order.compare(&ranks.at(*a), &ranks.at(*b)))
    });
    rows.chunk_by(|a, b| fingerprints[*a] == fingerprints[*b])
        .map(|rows| Contest {
            fingerprint: fingerprints[rows[0]],
            stored: stored[rows[0]],
            rows: rows.to_vec(),
        })
        .collect()
}

impl Contest {
    /// The row that takes the credit from its holder, or gets it where there is none. The holder's
    /// own evidence, read again, never competes.
    pub(crate) fn winner(
        &self,
        order: &Order,
        ranks: &Ranks,
        holder: Option<&Rank<'_>>,
    ) -> Option<usize> {
        let Some(holder) = holder else {
            return self.rows.first().copied();
        };
        self.rows
            .iter()
            .copied()
            .find(|row| ranks.at(*row).position != holder.position)
            .filter(|row| order.compare(&ranks.at(*row), holder).is_lt())
    }
}
