//! Throwaway parts of a whole Picket, for the end-to-end tests and the demo: PostgreSQL, engine, proxy, agent,
//! and the means to talk to them. Everything is real, started on free ports, and gone with the process.

pub mod account;
pub mod agent;
pub mod alertmanager;
pub mod binaries;
pub mod boards;
pub mod cache;
pub mod daemon;
pub mod document;
pub mod engine;
pub mod jdbc;
pub mod kind;
pub mod ledger;
pub mod login;
pub mod newer_statements;
pub mod newest_psql;
pub mod node_clients;
pub mod observing;
pub mod oidc;
pub mod openapi;
pub mod port;
pub mod postgres;
pub mod processes;
pub mod prometheus;
pub mod proxy;
pub mod psql;
pub mod psycopg;
pub mod python_suites;
pub mod regression;
pub mod scene;
pub mod scratch;
pub mod script;
pub mod shapes;
pub mod shop;
pub mod suites;
pub mod wait;
