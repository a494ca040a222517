//! A template with the values of one operation: what exists, what depends on what, and what values are.
use std::borrow::Cow;

use indexmap::{IndexMap, IndexSet};
use serde_json::Value;

use crate::cloudformation::template::boolean::{check_rules, evaluate_conditions};
use crate::cloudformation::template::dynamic::{self, DynamicLookup, substitute};
use crate::cloudformation::template::error::{EvaluationError, TemplateError};
use crate::cloudformation::template::evaluator::{Evaluator, ImportLookup, Resolved};
use crate::cloudformation::template::graph::DependencyGraph;
use crate::cloudformation::template::language_extensions::apply;
use crate::cloudformation::template::limits::{
    Budget, DYNAMIC_REFERENCES_MAX, EVALUATION_COST_MAX, TEMPLATE_COST_MAX, check_count,
};
use crate::cloudformation::template::names::{check_template, reject_unresolved};
use crate::cloudformation::template::output::OutputDeclaration;
use crate::cloudformation::template::parameter_values::ParameterValues;
use crate::cloudformation::template::pseudo::PseudoParameters;
use crate::cloudformation::template::references::{Reference, visit};
use crate::cloudformation::template::resource::{ResourceDeclaration, parse_policy};
use crate::cloudformation::template::resource_values::{NoResources, ResourceValues};
use crate::cloudformation::template::scalar;
use crate::cloudformation::template::sections::Template;
use crate::cloudformation::template::transform::check_supported;

/// What a change of a value can come from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    Parameter(String),
    /// `Ref` of a resource.
    Reference(String),
    /// `Fn::GetAtt`: the resource and the attribute.
    Attribute(String, String),
}

/// An output whose functions have been evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedOutput {
    pub value: String,
    pub export_name: Option<String>,
}

/// A template with everything that its values refer to, besides resources.
pub struct Scope<'a> {
    template: Cow<'a, Template>,
    parameters: &'a ParameterValues,
    pseudo: &'a PseudoParameters,
    imports: &'a ImportLookup<'a>,
    dynamic: &'a DynamicLookup<'a>,
    conditions: IndexMap<String, bool>,
    dependencies: DependencyGraph,
}

impl<'a> Scope<'a> {
    /// Applies `AWS::LanguageExtensions`, evaluates conditions and rules, and checks dependencies. Its errors are those
    /// that CreateStack, UpdateStack and CreateChangeSet return.
    pub fn new(
        template: &'a Template,
        parameters: &'a ParameterValues,
        pseudo: &'a PseudoParameters,
        imports: &'a ImportLookup<'a>,
        dynamic: &'a DynamicLookup<'a>,
    ) -> Result<Self, TemplateError> {
        check_supported(template.transforms())?;
        let mut scope = Self {
            template: Cow::Borrowed(template),
            parameters,
            pseudo,
            imports,
            dynamic,
            conditions: IndexMap::new(),
            dependencies: DependencyGraph::default(),
        };
        let budget = Budget::new(TEMPLATE_COST_MAX);
        if template.has_language_extensions() {
            let expanded = apply(template.document(), &scope.evaluator(&NoResources, &budget))?;
            let expanded = Template::from_document(expanded)?;
            check_template(&expanded)?;
            scope.template = Cow::Owned(expanded);
        }
        scope.conditions =
            evaluate_conditions(&scope.template, &scope.evaluator(&NoResources, &budget))?;
        check_rules(&scope.template, &scope.evaluator(&NoResources, &budget))?;
        scope.evaluate_policies()?;
        scope.check_dynamic_references()?;
        scope.dependencies = scope.resource_dependencies()?;
        scope.check_output_dependencies()?;
        Ok(scope)
    }

    /// Returns the template, with its transforms applied.
    pub fn template(&self) -> &Template {
        &self.template
    }

    pub fn parameters(&self) -> &ParameterValues {
        self.parameters
    }

    #[cfg(test)]
    pub fn pseudo(&self) -> &PseudoParameters {
        self.pseudo
    }

    /// Returns the value of each condition.
    #[cfg(test)]
    pub fn conditions(&self) -> &IndexMap<String, bool> {
        &self.conditions
    }

    /// Returns the resources whose condition is true, in the template's order.
    pub fn active_resources(&self) -> Vec<&ResourceDeclaration> {
        let resources = self.template.resources().iter();
        resources.filter(|resource| self.is_active(resource.condition.as_deref())).collect()
    }

    /// Returns the outputs whose condition is true, in the template's order.
    pub fn active_outputs(&self) -> Vec<&OutputDeclaration> {
        let outputs = self.template.outputs().iter();
        outputs.filter(|output| self.is_active(output.condition.as_deref())).collect()
    }

    /// Returns, for each active resource, the active resources that it depends on.
    pub fn dependencies(&self) -> &DependencyGraph {
        &self.dependencies
    }

    /// Evaluates a value, with its dynamic references.
    pub fn resolve(
        &self,
        value: &Value,
        resources: &dyn ResourceValues,
    ) -> Result<Resolved, EvaluationError> {
        self.resolve_at(value, "", resources)
    }

    /// Evaluates the properties of a resource; the result is an object.
    pub fn resolve_properties(
        &self,
        declaration: &ResourceDeclaration,
        resources: &dyn ResourceValues,
    ) -> Result<Value, EvaluationError> {
        let location = format!("{}/Properties", declaration.resource_type);
        match self.resolve_at(&declaration.properties, &location, resources)? {
            Resolved::Value(properties) => Ok(properties),
            Resolved::NoValue => Ok(Value::Object(serde_json::Map::new())),
        }
    }

    /// Evaluates the value and the export of an output. The pointer of an error begins with `/Outputs`.
    pub fn resolve_output(
        &self,
        declaration: &OutputDeclaration,
        resources: &dyn ResourceValues,
    ) -> Result<ResolvedOutput, EvaluationError> {
        let id = &declaration.logical_id;
        let text = |value: &Value, field: &str| {
            let resolved = self.resolve(value, resources);
            let text = resolved.and_then(|resolved| match resolved {
                Resolved::Value(value) => scalar::text(&value),
                Resolved::NoValue => None,
            }.ok_or_else(|| {
                EvaluationError::new(format!(
                    "Template format error: Output {id} is malformed. The {field} field of every Output member must evaluate to a String."
                ))
            }));
            text.map_err(|error| error.within(field))
        };
        let value = text(&declaration.value, "Value")
            .map_err(|error| error.within(id).within("Outputs"))?;
        let export_name = declaration.export_name.as_ref().map(|name| text(name, "Name"));
        let export_name = export_name
            .transpose()
            .map_err(|error| error.within("Export").within(id).within("Outputs"))?;
        Ok(ResolvedOutput { value, export_name })
    }

    /// Returns what a value refers to, directly: for the CausingEntity of change sets.
    pub fn causes(&self, value: &Value) -> Vec<Cause> {
        let mut causes = IndexSet::new();
        self.visit(value, &mut |reference| {
            let cause = match reference {
                Reference::Name(name) if self.parameters.contains_key(name) => {
                    Cause::Parameter(name.to_owned())
                }
                Reference::Name(name) if self.template.resource(name).is_some() => {
                    Cause::Reference(name.to_owned())
                }
                Reference::Attribute { logical_id, attribute: Some(attribute) }
                | Reference::SubAttribute { logical_id, attribute } => {
                    Cause::Attribute(logical_id.to_owned(), attribute.to_owned())
                }
                // A pseudo parameter, or an attribute whose name a function returns.
                Reference::Name(_) | Reference::Attribute { attribute: None, .. } => return,
            };
            causes.insert(cause);
        });
        causes.into_iter().collect()
    }

    fn resolve_at(
        &self,
        value: &Value,
        location: &str,
        resources: &dyn ResourceValues,
    ) -> Result<Resolved, EvaluationError> {
        let budget = Budget::new(EVALUATION_COST_MAX);
        let mut resolved = self.evaluator(resources, &budget).evaluate(value)?;
        if let Resolved::Value(value) = &mut resolved {
            substitute(value, location, self.dynamic)?;
        }
        Ok(resolved)
    }

    fn evaluator<'s>(
        &'s self,
        resources: &'s dyn ResourceValues,
        budget: &'s Budget,
    ) -> Evaluator<'s> {
        Evaluator {
            mappings: self.template.mappings(),
            parameters: self.parameters,
            pseudo: self.pseudo,
            conditions: &self.conditions,
            imports: self.imports,
            resources,
            budget,
        }
    }

    fn is_active(&self, condition: Option<&str>) -> bool {
        condition.is_none_or(|name| self.conditions.get(name).copied().unwrap_or(false))
    }

    /// Visits the references of a value, in the branches of `Fn::If` that conditions choose.
    fn visit<'v>(&self, value: &'v Value, visit_reference: &mut dyn FnMut(Reference<'v>)) {
        visit(value, &|condition| self.conditions.get(condition).copied(), visit_reference);
    }

    /// Evaluates policies that are functions, which `AWS::LanguageExtensions` allows.
    fn evaluate_policies(&mut self) -> Result<(), TemplateError> {
        if !self.template.has_language_extensions() {
            return Ok(());
        }
        let mut policies = Vec::new();
        for resource in self.template.resources() {
            let id = &resource.logical_id;
            let attributes = &self.template.document()["Resources"][id];
            let mut evaluated = [resource.deletion_policy, resource.update_replace_policy];
            for (key, policy) in
                ["DeletionPolicy", "UpdateReplacePolicy"].into_iter().zip(&mut evaluated)
            {
                let Some(attribute) = attributes.get(key) else { continue };
                let budget = Budget::new(EVALUATION_COST_MAX);
                let evaluator = self.evaluator(&NoResources, &budget);
                if let Resolved::Value(value) = evaluator.evaluate(attribute)? {
                    *policy = parse_policy(id, key, &value)?;
                }
            }
            policies.push(evaluated);
        }
        let template = self.template.to_mut();
        for (index, [deletion, replacement]) in policies.into_iter().enumerate() {
            template.set_policies(index, deletion, replacement);
        }
        Ok(())
    }

    fn check_dynamic_references(&self) -> Result<(), TemplateError> {
        let mut count = 0;
        for resource in self.active_resources() {
            count += dynamic::count(&resource.properties);
            let location = format!("{}/Properties", resource.resource_type);
            dynamic::check(&resource.properties, &location)?;
        }
        check_count("dynamic references", count, DYNAMIC_REFERENCES_MAX)
    }

    fn resource_dependencies(&self) -> Result<DependencyGraph, TemplateError> {
        let active: IndexMap<&str, &ResourceDeclaration> = self
            .active_resources()
            .into_iter()
            .map(|resource| (resource.logical_id.as_str(), resource))
            .collect();
        let mut graph = DependencyGraph::default();
        let mut unresolved = IndexSet::new();
        for (id, resource) in &active {
            let mut dependencies = IndexSet::new();
            for value in resource.values() {
                self.visit(value, &mut |reference| {
                    if let Some(name) = self.resource_name(reference) {
                        if active.contains_key(name) {
                            dependencies.insert(name.to_owned());
                        } else {
                            unresolved.insert(name);
                        }
                    }
                });
            }
            // A dependency on a resource whose condition is false is ignored.
            let explicit =
                resource.depends_on.iter().filter(|name| active.contains_key(name.as_str()));
            dependencies.extend(explicit.cloned());
            graph.insert(id, dependencies);
        }
        reject_unresolved(&unresolved, "Template format error: ", "Resources")?;
        if let Err(cycle) = graph.order() {
            let names = cycle.join(", ");
            let message = format!("Circular dependency between resources: [{names}]");
            return Err(TemplateError(message));
        }
        Ok(graph)
    }

    fn check_output_dependencies(&self) -> Result<(), TemplateError> {
        let active = self.dependencies.names().collect::<IndexSet<_>>();
        let mut unresolved = IndexSet::new();
        for output in self.active_outputs() {
            self.visit(&output.value, &mut |reference| {
                unresolved
                    .extend(self.resource_name(reference).filter(|name| !active.contains(name)));
            });
        }
        reject_unresolved(&unresolved, "", "Outputs")
    }

    /// Returns the name of the resource that a reference refers to.
    fn resource_name<'v>(&self, reference: Reference<'v>) -> Option<&'v str> {
        match reference {
            Reference::Name(name) => self.template.resource(name).map(|_| name),
            Reference::Attribute { logical_id, .. }
            | Reference::SubAttribute { logical_id, .. } => Some(logical_id),
        }
    }
}
