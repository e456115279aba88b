//! What no driver sends, and partners that vanish: each ends in an error that a driver can show, or in a close that the
//! log explains, and leaves nothing behind in the proxy or in the database.

mod begun;
mod crowds;
mod deaths;
mod frames;
mod order;
mod silence;
mod slow;
mod texts;
mod vitals;
