//! What a template is with the values of one operation: conditions, rules, dependencies, causes.

use super::{TestResources, error_of, with_scope};
use crate::cloudformation::template::{Cause, KNOWN_AFTER_APPLY, ResolvedOutput, Template};

const CONDITIONS: &str = "
Parameters:
  Env: {Type: String, AllowedValues: [prod, dev], Default: dev}
  Size: {Type: String, Default: small}
Conditions:
  IsLargeProd: !And [!Condition IsProd, !Condition IsLarge]
  IsEither: !Or [{Condition: IsProd}, !Condition IsLarge]
  IsProd: !Equals [!Ref Env, prod]
  IsLarge: !Equals [!Ref Size, large]
  IsDev: !Not [!Condition IsProd]
Resources:
  Always: {Type: T}
  Prod: {Type: T, Condition: IsProd}
  LargeProd: {Type: T, Condition: IsLargeProd}
  Either: {Type: T, Condition: IsEither}
  Dev: {Type: T, Condition: IsDev, DependsOn: [Prod, Always]}
  User: {Type: T, Properties: {A: !If [IsProd, !Ref Prod, !Ref Always]}}
Outputs:
  Always: {Value: !Ref Always}
  Prod: {Value: !Ref Prod, Condition: IsProd}
";

#[test]
fn conditions_decide_which_resources_and_outputs_exist() {
    #[track_caller]
    fn check(env: &str, size: &str, resources: &[&str], outputs: &[&str]) {
        with_scope(CONDITIONS, &[("Env", env), ("Size", size)], |scope| {
            let active = scope.active_resources().into_iter();
            let ids: Vec<_> = active.map(|resource| resource.logical_id.as_str()).collect();
            assert_eq!(ids, resources);
            let active = scope.active_outputs().into_iter();
            let ids: Vec<_> = active.map(|output| output.logical_id.as_str()).collect();
            assert_eq!(ids, outputs);
            assert_eq!(scope.conditions()["IsProd"], env == "prod");
            assert_eq!(scope.parameters()["Env"].value, env);
            assert_eq!(scope.pseudo().region, "eu-west-1");
        })
        .unwrap();
    }
    check("dev", "small", &["Always", "Dev", "User"], &["Always"]);
    check("dev", "large", &["Always", "Either", "Dev", "User"], &["Always"]);
    check("prod", "small", &["Always", "Prod", "Either", "User"], &["Always", "Prod"]);
    let all = ["Always", "Prod", "LargeProd", "Either", "User"];
    check("prod", "large", &all, &["Always", "Prod"]);
}

#[test]
fn dependencies_follow_the_branches_that_conditions_choose() {
    #[track_caller]
    fn check(env: &str, resource: &str, expected: &[&str]) {
        with_scope(CONDITIONS, &[("Env", env)], |scope| {
            let dependencies: Vec<_> = scope.dependencies().dependencies_of(resource).collect();
            assert_eq!(dependencies, expected);
        })
        .unwrap();
    }
    check("dev", "User", &["Always"]);
    check("prod", "User", &["Prod"]);
    // A dependency on a resource that does not exist is ignored.
    check("dev", "Dev", &["Always"]);
}

#[test]
fn a_value_cannot_refer_to_a_resource_whose_condition_is_false() {
    let text = CONDITIONS.replace("A: !If [IsProd, !Ref Prod, !Ref Always]", "A: !Sub '${Prod}'");
    assert_eq!(
        error_of(&text, &[]),
        "Template format error: Unresolved resource dependencies [Prod] in the Resources block of the template"
    );
    let text = CONDITIONS.replace("Value: !Ref Always", "Value: !GetAtt Prod.Arn");
    assert_eq!(
        error_of(&text, &[]),
        "Unresolved resource dependencies [Prod] in the Outputs block of the template"
    );
}

#[test]
fn every_function_that_names_a_resource_makes_a_dependency() {
    let text = "
Resources:
  A: {Type: T}
  B: {Type: T, DependsOn: A}
  C:
    Type: T
    Properties: {X: [!GetAtt A.Arn], Y: !Sub ['${B}-${D.Arn}-${E}', {E: !Ref F}]}
    Metadata: {M: !Ref G}
  D: {Type: T}
  E: {Type: T}
  F: {Type: T}
  G: {Type: T}
";
    with_scope(text, &[], |scope| {
        let graph = scope.dependencies();
        assert_eq!(graph.dependencies_of("B").collect::<Vec<_>>(), ["A"]);
        assert_eq!(graph.dependencies_of("C").collect::<Vec<_>>(), ["A", "B", "D", "F", "G"]);
        assert_eq!(graph.dependents_of("A").collect::<Vec<_>>(), ["B", "C"]);
        assert_eq!(graph.order().unwrap(), ["A", "D", "E", "F", "G", "B", "C"]);
        assert_eq!(graph.names().count(), 7);
    })
    .unwrap();
}

#[test]
fn circular_dependencies_are_rejected() {
    let text = "
Resources:
  A: {Type: T, Properties: {X: !Ref B}}
  B: {Type: T, Properties: {X: !GetAtt C.Arn}}
  C: {Type: T, DependsOn: [A]}
  D: {Type: T, DependsOn: [A]}
  E: {Type: T}
";
    assert_eq!(error_of(text, &[]), "Circular dependency between resources: [A, B, C]");
    let itself = "Resources: {A: {Type: T, Properties: {X: !Ref A}}}";
    assert_eq!(error_of(itself, &[]), "Circular dependency between resources: [A]");
}

#[test]
fn causes_are_the_direct_references_of_a_value() {
    let text = "
Parameters: {Env: {Type: String, Default: dev}}
Conditions: {Never: !Equals [a, b]}
Resources:
  Api: {Type: T}
  R: {Type: T, Properties: {P: [!Ref Env, !Ref Api, !Ref AWS::Region, !GetAtt [Api, Dns.Http], !GetAtt [Api, !Ref Env], !Sub '${Api.Arn}${Env}', !If [Never, !GetAtt Api.No, x]]}}
";
    with_scope(text, &[], |scope| {
        let causes = scope.causes(&scope.template().resource("R").unwrap().properties["P"]);
        let attribute = |name: &str| Cause::Attribute("Api".into(), name.into());
        assert_eq!(
            causes,
            [
                Cause::Parameter("Env".into()),
                Cause::Reference("Api".into()),
                attribute("Dns.Http"),
                attribute("Arn"),
            ]
        );
    })
    .unwrap();
}

#[test]
fn outputs_and_exports_are_texts() {
    let text = "
Resources: {New: {Type: T}, A: {Type: T}}
Outputs:
  Arn: {Value: !GetAtt New.Arn, Description: where, Export: {Name: !Sub '${AWS::StackName}-arn'}}
  Number: {Value: 5}
  Missing: {Value: !GetAtt A.Missing}
  List: {Value: !GetAtt A.List}
  Export: {Value: x, Export: {Name: !Split ['-', a-b]}}
";
    with_scope(text, &[], |scope| {
        let [arn, number, missing, list, export] = scope.active_outputs()[..] else { panic!() };
        let resolve = |output| scope.resolve_output(output, &TestResources);
        let resolved = |value: &str, name: Option<&str>| {
            Ok(ResolvedOutput { value: value.into(), export_name: name.map(str::to_owned) })
        };
        assert_eq!(resolve(arn), resolved(KNOWN_AFTER_APPLY, Some("demo-arn")));
        assert_eq!(arn.description.as_deref(), Some("where"));
        assert_eq!(resolve(number), resolved("5", None));
        let error = resolve(missing).unwrap_err();
        assert_eq!(
            format!("[Error] {}: {error}", error.pointer),
            "[Error] /Outputs/Missing/Value/Fn::GetAtt: Resource type T does not support attribute {Missing}"
        );
        assert!(resolve(list).unwrap_err().message.ends_with("must evaluate to a String."));
        assert_eq!(resolve(export).unwrap_err().pointer, "/Outputs/Export/Export/Name");
    })
    .unwrap();
}

const RULES: &str = "
Parameters:
  Env: {Type: String, Default: dev}
  Zone: {Type: 'AWS::EC2::AvailabilityZone::Name', Default: a}
  Zones: {Type: 'List<AWS::EC2::AvailabilityZone::Name>', Default: 'b,c'}
Rules:
  Name:
    RuleCondition: !Equals [!Ref Env, prod]
    Assertions:
      - {Assert: ASSERT, AssertDescription: it must hold}
Resources: {R: {Type: T}}
";

#[test]
fn rules_refuse_parameters() {
    #[track_caller]
    fn check(assertion: &str, holds: bool) {
        let text = RULES.replace("ASSERT", assertion);
        assert_eq!(with_scope(&text, &[], |_| ()), Ok(()), "the condition of the rule is false");
        let expected =
            if holds { Ok(()) } else { Err("Rule Name failed: it must hold".to_owned()) };
        assert_eq!(with_scope(&text, &[("Env", "prod")], |_| ()), expected, "{assertion}");
    }
    check("!Contains [[a, prod], !Ref Env]", true);
    check("!Contains [[a, b], !Ref Env]", false);
    check("!Not [!Contains [!Ref Zones, !Ref Zone]]", true);
    check("{'Fn::EachMemberIn': [!Ref Zones, [a, b, c]]}", true);
    check("!EachMemberIn [[a, d], !Ref Zones]", false);
    check("!EachMemberEquals [[a, a], !Ref Zone]", true);
    check("!EachMemberEquals [!Ref Zones, b]", false);
    check("!EachMemberIn [[a, b, c], !RefAll 'AWS::EC2::AvailabilityZone::Name']", true);
    check("!And [!Equals [!Ref Env, prod], !Or [!Equals [a, b], !Equals [a, a]]]", true);
}

#[test]
fn rules_have_their_own_functions() {
    #[track_caller]
    fn check(assertion: &str, expected: &str) {
        let text = RULES.replace("ASSERT", assertion);
        assert_eq!(Template::parse(&text).unwrap_err().0, expected, "{assertion}");
    }
    check("!Condition X", "Template error: Condition cannot be used in the Rules block");
    check("!If [X, a, b]", "Template error: Fn::If cannot be used in the Rules block");
    check(
        "!Equals [!Ref R, a]",
        "Template format error: Unresolved dependencies [R]. Cannot reference resources in the Rules block of the template",
    );
    check(
        "!Contains [a]",
        "Template error: every Fn::Contains object requires two parameters, a list of strings and a list of strings or a string",
    );
    check(
        "yes",
        "Template format error: [/Rules/Name] Rules can only be boolean operations on parameters",
    );
    let text = RULES.replace("ASSERT", "!Equals [!ValueOf [Zone, x], a]");
    let error = error_of(&text, &[("Env", "prod")]);
    assert_eq!(
        error,
        "Template error: the emulator cannot read the attributes that Fn::ValueOf returns"
    );
}
