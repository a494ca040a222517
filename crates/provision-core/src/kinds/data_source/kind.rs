//! Data sources as a kind: checks, expansion, import, effects.
use crate::kind::{
    AwsName, ChangeAction, CheckContext, DiagnosticSink, Facts, IfMissing, ImportContext, KeyFacts,
    KeySource, NamePart, Reference, TemplateFacts, TypedKind, Variants,
};
use crate::kinds::data_source::check;
use crate::kinds::data_source::declaration::DataSourceDeclaration;
use crate::kinds::data_source::properties::{self, DataSource};
use crate::model::Site;
use crate::text::Text;

/// How a template has a data source.
const TEMPLATE: TemplateFacts = TemplateFacts {
    references: &[Reference {
        property: "ApiId",
        section: "apis",
        attribute: "ApiId",
        if_missing: IfMissing::LeaveAlone,
    }],
    variants: Some(Variants {
        property: "Type",
        supported: properties::TYPES,
        unsupported: &[
            ("NONE", "handler code needs no data source"),
            ("AMAZON_ELASTICSEARCH", "use AMAZON_OPENSEARCH_SERVICE"),
        ],
    }),
    unsupported_properties: &[("ElasticsearchConfig", "use `openSearch`")],
    ..TemplateFacts::new(
        KeyFacts {
            source: Some(KeySource { property: "Name", part: NamePart::Whole }),
            noise: &["data", "source", "datasource"],
            default: "default",
        },
        Some("DataSourceArn"),
    )
};

impl TypedKind for DataSource {
    const FACTS: Facts = Facts {
        parent: Some("apis"),
        create_only: &["ApiId", "Name"],
        depends_on: &["logRoles", "apis"],
        spec_paths: &[
            ("Name", "name"),
            ("Description", "description"),
            ("ServiceRoleArn", "serviceRole"),
            ("MetricsConfig", "metrics"),
            ("LambdaConfig", "lambda"),
            ("DynamoDBConfig", "dynamodb"),
            ("EventBridgeConfig", "eventBridge"),
            ("HttpConfig", "http"),
            ("OpenSearchServiceConfig", "openSearch"),
            ("RelationalDatabaseConfig", "rds"),
        ],
        aws_name: Some(AwsName { property: "Name", allows_duplicates: false, tagged: false }),
        ..Facts::new(
            "AWS::AppSync::DataSource",
            "data source",
            "dataSources",
            "{lambda: {function: 'arn:aws:lambda:ap-northeast-1:123456789012:function:orders'}, serviceRole: 'arn:aws:iam::123456789012:role/call-orders'}",
            TEMPLATE,
        )
    };
    type Declaration = DataSourceDeclaration;

    fn check(
        declared: &DataSourceDeclaration,
        scope: &CheckContext<'_>,
        diagnostics: &mut DiagnosticSink,
    ) {
        check::check(declared, scope, diagnostics);
    }

    fn effects(verb: ChangeAction, _: Option<&Self>, _: Option<&Self>) -> Vec<String> {
        match verb {
            // The handlers move from the old one to the new one, and the old one is deleted last.
            ChangeAction::Create | ChangeAction::Replace => Vec::new(),
            ChangeAction::Update => vec!["handlers call it with the new settings".to_owned()],
            ChangeAction::Delete => vec!["handlers can no longer call it".to_owned()],
        }
    }

    fn expand(declared: &DataSourceDeclaration, scope: &CheckContext<'_>) -> Option<Self> {
        let api_id = Text::attribute(&scope.address.parent()?, "ApiId");
        Self::from_declaration(declared, api_id, scope.address.name())
    }

    fn to_declaration(self, found: &mut ImportContext) -> DataSourceDeclaration {
        found.add_data_source(self.name());
        self.to_declaration_data()
    }

    /// AppSync rejects another type for a function that a handler invokes directly.
    fn intermediate_state(&self, was: &Self) -> Option<Self> {
        (was.is_function() && !self.is_function()).then(|| was.clone())
    }

    fn normalize(self, live: &Self, _: &DataSourceDeclaration, _: &Site) -> Self {
        self.with_live_defaults(live)
    }
}
