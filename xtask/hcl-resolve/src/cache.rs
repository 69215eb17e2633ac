//! What is worked out once for each key, also where several threads ask at the same time.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

/// Enough that two threads rarely ask the same part.
const N_SHARDS: usize = 16;

/// A map with a hash that is quick in a build without optimization too, where the standard one takes a sixth of all
/// reading. It doesn't withstand keys that are made to collide: here they are paths and names.
pub type QuickMap<K, V> = HashMap<K, V, BuildHasherDefault<Quick>>;

type Shard<K, V> = RwLock<QuickMap<K, Arc<OnceLock<V>>>>;

/// A hash that takes eight bytes at a time.
#[derive(Clone, Debug, Default)]
pub struct Quick(u64);

impl Quick {
    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
}

impl Hasher for Quick {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.add(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.add(u64::from_le_bytes(last));
    }

    fn write_u8(&mut self, byte: u8) {
        self.add(u64::from(byte));
    }

    fn write_usize(&mut self, number: usize) {
        self.add(number as u64);
    }

    fn finish(&self) -> u64 {
        // The upper bits are the mixed ones, and a map looks at the lower ones.
        self.0 ^ (self.0 >> 32)
    }
}

/// A map that fills itself. A value that is there stays.
#[derive(Debug)]
pub struct Cache<K, V> {
    shards: [Shard<K, V>; N_SHARDS],
}

impl<K, V> Default for Cache<K, V> {
    fn default() -> Self {
        Self { shards: std::array::from_fn(|_| RwLock::default()) }
    }
}

impl<K: Eq + Hash + Clone, V: Clone> Cache<K, V> {
    fn shard<Q: Hash + ?Sized>(&self, key: &Q) -> &Shard<K, V> {
        // Other bits than those by which a map finds its places.
        let at = (BuildHasherDefault::<Quick>::default().hash_one(key) >> 48) % N_SHARDS as u64;
        &self.shards[usize::try_from(at).expect("it is below the number of shards")]
    }

    /// The value of a key: worked out by the first that asks, while the others wait.
    pub fn get<Q>(&self, key: &Q, work: impl FnOnce() -> V) -> V
    where
        K: std::borrow::Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let shard = self.shard(key);
        // A map is whole after every statement, so a panic elsewhere doesn't spoil it.
        let known = shard.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        let cell = known.unwrap_or_else(|| {
            shard.write().unwrap_or_else(PoisonError::into_inner).entry(key.to_owned()).or_default().clone()
        });
        cell.get_or_init(work).clone()
    }

    /// Forgets a key.
    pub fn forget<Q: Hash + Eq + ?Sized>(&self, key: &Q)
    where
        K: std::borrow::Borrow<Q>,
    {
        self.shard(key).write().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    /// Forgets everything.
    pub fn clear(&self) {
        for shard in &self.shards {
            *shard.write().unwrap_or_else(PoisonError::into_inner) = QuickMap::default();
        }
    }

    /// Everything that is worked out, in no order.
    pub fn entries(&self) -> Vec<(K, V)> {
        let of = |shard: &Shard<K, V>| {
            let map = shard.read().unwrap_or_else(PoisonError::into_inner);
            map.iter().filter_map(|(key, cell)| Some((key.clone(), cell.get()?.clone()))).collect::<Vec<_>>()
        };
        self.shards.iter().flat_map(of).collect()
    }

    /// A cache that has what this one has, as far as `keep` says so.
    pub fn copy(&self, keep: impl Fn(&K) -> bool) -> Self {
        let copy = Self::default();
        for (key, value) in self.entries().into_iter().filter(|(key, _)| keep(key)) {
            let shard = copy.shard(&key);
            let cell = Arc::new(OnceLock::from(value));
            shard.write().unwrap_or_else(PoisonError::into_inner).insert(key, cell);
        }
        copy
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn each_key_is_worked_out_once_whoever_asks() {
        let cache: Cache<String, usize> = Cache::default();
        let n_worked = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for n in 0..100 {
                        let value = cache.get(n.to_string().as_str(), || {
                            n_worked.fetch_add(1, Ordering::Relaxed);
                            n
                        });
                        assert_eq!(value, n);
                    }
                });
            }
        });
        assert_eq!(n_worked.into_inner(), 100);
        cache.forget("7");
        let mut keys: Vec<_> = cache.copy(|key| key.len() == 1).entries().into_iter().map(|(key, _)| key).collect();
        keys.sort();
        assert_eq!(keys.concat(), "012345689");
        cache.clear();
        assert_eq!(cache.get("8", || 0), 0);
    }
}
