//! Patron's expression language: the syntax of CEL over a customer's profile and touchpoints, shared by metrics and segments.
//!
//! Owns parsing (bounded, the only crate that names the CEL parser), the check against the schema, the evaluator – truth, the
//! next instant at which it can change, and proof – and the readable fields of touchpoints. Never knows a profile's layout,
//! storage or a clock: the subject and the instant come in as arguments.

mod check;
pub mod choice;
pub mod element;
pub mod error;
pub mod evaluate;
pub mod functions;
pub mod limits;
pub mod linked;
pub mod memo;
pub mod metric_field;
pub mod moving;
pub mod needs;
pub mod number;
mod parse;
pub mod parts;
pub mod program;
pub mod proof;
pub mod schema;
pub mod span;
pub mod subject;
mod syntax;
pub mod value;
pub mod zone;

pub use check::{compile, compile_number};
pub use choice::{Choice, Key};
pub use error::ExpressionError;
pub use evaluate::{Verdict, evaluate, evaluate_beside, number, outcome_beside};
pub use linked::Linked;
pub use memo::{Filter, Memo};
pub use metric_field::{NumberField, TextField};
pub use needs::{Depth, Needs, Quantile, Reach};
pub use parts::Parts;
pub use program::Program;
pub use proof::{Outcome, Proof, prove};
pub use schema::{Schema, Type};
pub use subject::{Element, OrderView, Subject, Surroundings};
pub use value::Value;
pub use zone::Zone;
