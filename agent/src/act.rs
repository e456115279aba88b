//! What is done about processes of this host that connect around the proxy: what the kernel programs must know to refuse
//! them, and nobody else.

pub(crate) mod addresses;
pub(crate) mod orders;
pub(crate) mod owner;
