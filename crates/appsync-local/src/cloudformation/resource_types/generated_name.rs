//! The names that CloudFormation gives to resources without one.
use crate::cloudformation::resource_types::context::Context;
use crate::ids;

/// `<stack>-<LogicalId>-<12 letters and digits>`, with at most `max` characters. Both parts are cut to the same length,
/// or the longer one alone (undocumented).
pub fn generated_name(context: &Context<'_>, max: usize) -> String {
    let suffix = ids::name_suffix();
    let parts_max = max.saturating_sub(suffix.len() + 2);
    let (stack, logical) = (context.stack_name, context.logical_id);
    let half = parts_max / 2;
    let stack_max = parts_max.saturating_sub(logical.len()).max(half);
    let stack = cut(stack, stack_max);
    let logical = cut(logical, parts_max - stack.len());
    format!("{stack}-{logical}-{suffix}")
}

/// The first characters of a name. Stack names and logical ids are ASCII.
pub fn cut(name: &str, max: usize) -> &str {
    name.get(..max).unwrap_or(name)
}
