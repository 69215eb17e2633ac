//! What the repository says: pure and offline. Nothing here starts a program or asks AWS.
