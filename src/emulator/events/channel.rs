//! Channels and their grammar (reference §6.6).

/// A channel, sound: its path begins with a slash and ends with none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Channel {
    /// `/sample/room/1`; of a subscription perhaps `/sample/*`.
    pub path: String,
}

impl Channel {
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.path.split('/').skip(1)
    }
    /// The channel namespace that it is in.
    pub fn namespace(&self) -> &str {
        self.segments().next().unwrap_or_default()
    }
}
