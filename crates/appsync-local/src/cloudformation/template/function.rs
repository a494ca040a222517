//! The functions of the template language, and which values are calls of them.
use serde_json::Value;

/// A function of the template language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Function {
    Ref,
    Condition,
    GetAtt,
    Sub,
    Join,
    Split,
    Select,
    If,
    And,
    Or,
    Not,
    Equals,
    FindInMap,
    Base64,
    Cidr,
    GetAzs,
    ImportValue,
    Length,
    ToJsonString,
    Transform,
    GetStackOutput,
    Contains,
    EachMemberEquals,
    EachMemberIn,
    RefAll,
    ValueOf,
    ValueOfAll,
}

/// Each function with the key of its long form.
const FUNCTIONS: &[(Function, &str)] = &[
    (Function::Ref, "Ref"),
    (Function::Condition, "Condition"),
    (Function::GetAtt, "Fn::GetAtt"),
    (Function::Sub, "Fn::Sub"),
    (Function::Join, "Fn::Join"),
    (Function::Split, "Fn::Split"),
    (Function::Select, "Fn::Select"),
    (Function::If, "Fn::If"),
    (Function::And, "Fn::And"),
    (Function::Or, "Fn::Or"),
    (Function::Not, "Fn::Not"),
    (Function::Equals, "Fn::Equals"),
    (Function::FindInMap, "Fn::FindInMap"),
    (Function::Base64, "Fn::Base64"),
    (Function::Cidr, "Fn::Cidr"),
    (Function::GetAzs, "Fn::GetAZs"),
    (Function::ImportValue, "Fn::ImportValue"),
    (Function::Length, "Fn::Length"),
    (Function::ToJsonString, "Fn::ToJsonString"),
    (Function::Transform, "Fn::Transform"),
    (Function::GetStackOutput, "Fn::GetStackOutput"),
    (Function::Contains, "Fn::Contains"),
    (Function::EachMemberEquals, "Fn::EachMemberEquals"),
    (Function::EachMemberIn, "Fn::EachMemberIn"),
    (Function::RefAll, "Fn::RefAll"),
    (Function::ValueOf, "Fn::ValueOf"),
    (Function::ValueOfAll, "Fn::ValueOfAll"),
];

/// The prefix of the key of a loop of `AWS::LanguageExtensions`.
pub const FOR_EACH_PREFIX: &str = "Fn::ForEach::";

impl Function {
    /// Returns the key of the long form: `Fn::Sub`.
    pub fn key(self) -> &'static str {
        let row = FUNCTIONS.iter().find(|(function, _)| *function == self);
        row.map(|(_, key)| *key).expect("every function has a row")
    }

    /// Returns the function of a long form.
    pub fn from_key(key: &str) -> Option<Self> {
        FUNCTIONS.iter().find(|(_, known)| *known == key).map(|(function, _)| *function)
    }

    /// Returns the function of a YAML tag, without its `!`.
    pub fn from_short_form(name: &str) -> Option<Self> {
        let matches = |key: &str| key.strip_prefix("Fn::").unwrap_or(key) == name;
        FUNCTIONS.iter().find(|(_, key)| matches(key)).map(|(function, _)| *function)
    }

    /// Whether the function is true or false, which only conditions and rules need.
    pub fn is_boolean(self) -> bool {
        matches!(
            self,
            Self::And
                | Self::Or
                | Self::Not
                | Self::Equals
                | Self::Condition
                | Self::Contains
                | Self::EachMemberEquals
                | Self::EachMemberIn
        )
    }
}

/// Returns the function and the argument, if the value is a call. `{"Condition": …}` is a call in conditions only:
/// in properties, it is the condition of a policy statement.
pub fn call(value: &Value) -> Option<(Function, &Value)> {
    let (key, argument) = single_member(value)?;
    let function = Function::from_key(key).filter(|function| *function != Function::Condition)?;
    Some((function, argument))
}

/// Returns the function and the argument of a call in a condition.
pub fn condition_call(value: &Value) -> Option<(Function, &Value)> {
    let (key, argument) = single_member(value)?;
    Some((Function::from_key(key)?, argument))
}

/// Returns the key of a value that has the form of a call of a function that does not exist.
pub fn unknown_function(value: &Value) -> Option<&str> {
    let (key, _) = single_member(value)?;
    (key.starts_with("Fn::") && Function::from_key(key).is_none()).then_some(key)
}

fn single_member(value: &Value) -> Option<(&str, &Value)> {
    let members = value.as_object().filter(|members| members.len() == 1)?;
    members.iter().next().map(|(key, argument)| (key.as_str(), argument))
}
