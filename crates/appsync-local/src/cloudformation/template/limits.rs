//! What a template may contain at most (docs/reference/cloudformation.md#template-limits). A text that
//! a client sends can therefore neither overflow the stack nor use memory out of proportion to its size.
use std::cell::Cell;

use crate::cloudformation::template::error::TemplateError;

/// Bytes of a template that is passed by URL. The limit of an inline template is checked by its operation.
pub const TEMPLATE_BYTES_MAX: usize = 1_000_000;
pub const RESOURCES_MAX: usize = 500;
pub const PARAMETERS_MAX: usize = 200;
pub const OUTPUTS_MAX: usize = 200;
pub const MAPPINGS_MAX: usize = 200;
pub const DESCRIPTION_BYTES_MAX: usize = 1024;
pub const PARAMETER_VALUE_BYTES_MAX: usize = 4096;
pub const DYNAMIC_REFERENCES_MAX: usize = 60;
/// Blocks that `Fn::Cidr` returns.
pub const CIDR_BLOCKS_MAX: u64 = 256;
/// Undocumented. The store reads values with a parser that allows 128 levels; a resolved value and the records
/// around it must stay below.
pub const DEPTH_MAX: usize = 100;
/// Undocumented. What the functions of one value may produce: bytes of text, and [`VALUE_COST`] for each value.
pub const EVALUATION_COST_MAX: usize = 1_000_000;
/// The same for all conditions and rules of a template, and for the loops of `AWS::LanguageExtensions`.
pub const TEMPLATE_COST_MAX: usize = 4 * EVALUATION_COST_MAX;
/// What a value costs besides its text.
const VALUE_COST: usize = 8;

/// What functions may still produce.
#[derive(Debug)]
pub struct Budget {
    remaining: Cell<usize>,
    is_spent: Cell<bool>,
    max: usize,
}

impl Budget {
    pub fn new(max: usize) -> Self {
        Self { remaining: Cell::new(max), is_spent: Cell::new(false), max }
    }

    /// Accounts for a value with `text_bytes` of text.
    pub fn spend(&self, text_bytes: usize) -> Result<(), TemplateError> {
        match self.remaining.get().checked_sub(text_bytes.saturating_add(VALUE_COST)) {
            Some(remaining) => {
                self.remaining.set(remaining);
                Ok(())
            }
            None => {
                self.is_spent.set(true);
                Err(TemplateError::function(format!(
                    "the results of functions may not exceed {} bytes in size.",
                    self.max
                )))
            }
        }
    }

    /// Whether an error is that of the budget.
    pub fn is_spent(&self) -> bool {
        self.is_spent.get()
    }
}

/// Checks the number of members of a section.
pub fn check_count(section: &str, count: usize, max: usize) -> Result<(), TemplateError> {
    if count > max {
        return Err(TemplateError::format(format!(
            "Number of {section}, {count}, is greater than maximum allowed, {max}"
        )));
    }
    Ok(())
}
