//! Sets of small numbers as words, and square matrices of them.

/// A set of small numbers.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Bits(pub(super) Vec<u64>);

impl Bits {
    /// Returns an empty set with room for numbers below `count`.
    pub(super) fn empty(count: usize) -> Self {
        Self(vec![0; count.div_ceil(64)])
    }

    /// Says whether a number is in it.
    pub(super) fn has(&self, number: usize) -> bool {
        has(&self.0, number)
    }

    /// Puts a number in.
    pub(super) fn insert(&mut self, number: usize) {
        self.0[number / 64] |= 1 << (number % 64);
    }

    /// Takes a number out.
    pub(super) fn remove(&mut self, number: usize) {
        self.0[number / 64] &= !(1 << (number % 64));
    }

    /// Puts in all that `other` has.
    pub(super) fn join(&mut self, other: &[u64]) {
        for (word, other) in self.0.iter_mut().zip(other) {
            *word |= other;
        }
    }

    /// Keeps what `other` has too.
    pub(super) fn keep(&mut self, other: &[u64]) {
        for (word, other) in self.0.iter_mut().zip(other) {
            *word &= other;
        }
    }

    /// Returns the numbers, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        ones(&self.0)
    }
}

/// A row of bits for each of as many numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Matrix {
    words: usize,
    rows: Vec<u64>,
}

impl Matrix {
    /// Returns a matrix of `count` empty rows.
    pub(super) fn empty(count: usize) -> Self {
        let words = count.div_ceil(64);
        Self { words, rows: vec![0; words * count] }
    }

    /// Returns the words of a row.
    pub(super) fn row(&self, index: usize) -> &[u64] {
        &self.rows[index * self.words..(index + 1) * self.words]
    }

    /// Returns the words of a row, to be changed.
    pub(super) fn row_mut(&mut self, index: usize) -> &mut [u64] {
        &mut self.rows[index * self.words..(index + 1) * self.words]
    }
}

/// Says whether a number is in a set of words.
pub(super) fn has(words: &[u64], number: usize) -> bool {
    words[number / 64] >> (number % 64) & 1 == 1
}

/// Returns how many numbers two sets share.
pub(super) fn shared(left: &[u64], right: &[u64]) -> u32 {
    left.iter().zip(right).map(|(left, right)| (left & right).count_ones()).sum()
}

/// Returns the numbers of a set of words, ascending.
pub(super) fn ones(words: &[u64]) -> impl Iterator<Item = usize> + '_ {
    words.iter().enumerate().flat_map(|(index, &word)| {
        std::iter::successors((word != 0).then_some(word), |&left| {
            let left = left & (left - 1);
            (left != 0).then_some(left)
        })
        .map(move |left| index * 64 + usize::try_from(left.trailing_zeros()).unwrap_or(0))
    })
}
