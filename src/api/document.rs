//! The description of the interface (OpenAPI 3.1), made from the routes themselves: what is not on the screen of
//! routes is not in it, and the scope that it names is the one that lets a request pass.

use axum::Json;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::Schema;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    Components, ContentBuilder, InfoBuilder, License, OpenApi, OpenApiBuilder, PathItem, Ref,
    RefOr, Response, ResponseBuilder,
};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use super::App;
use super::session::COOKIE;
use crate::auth::Scope;

/// Routes, each with what its handler says of itself.
pub(super) type Routes = OpenApiRouter<App>;

/// Names of the two ways to say who one is.
const TOKEN: &str = "token";
const SESSION: &str = "session";

/// What the parts are called, in the order in which one meets them.
const TAGS: [(&str, &str); 7] = [
    ("lines", "Sending lines"),
    ("questions", "Saved queries and SQL"),
    ("incidents", "Incidents, silences, messages, the week"),
    ("rules", "Rules and their past"),
    ("status", "How the program is"),
    ("access", "Signing in, tokens"),
    ("files", "What the program carries"),
];

/// Puts a route on the screen.
pub(super) trait At: Sized {
    /// Adds handlers of one path. They name the path too, so that it is read beside the code; the two may not
    /// differ, except that the rest of a path (`{*path}`) is a plain parameter in the description.
    fn at(self, path: &str, handlers: UtoipaMethodRouter<App>) -> Self;
}

impl At for Routes {
    fn at(self, path: &str, (schemas, paths, methods): UtoipaMethodRouter<App>) -> Self {
        let described = path.replace("{*", "{");
        let mut routes = self.route(path, methods);
        let document = routes.get_openapi_mut();
        add_schemas(document, schemas);
        for (named, item) in paths.paths {
            assert_eq!(
                named, described,
                "a handler names another path than its route"
            );
            let known = document.paths.paths.entry(named).or_default();
            known.merge_operations(item);
        }
        routes
    }
}

/// Adds schemas by name. Two types of one name would hide each other.
fn add_schemas(document: &mut OpenApi, schemas: impl IntoIterator<Item = (String, RefOr<Schema>)>) {
    let components = document.components.get_or_insert_with(Components::new);
    for (name, schema) in schemas {
        if let Some(known) = components.schemas.get(&name) {
            assert!(*known == schema, "two schemas are named {name}");
        }
        components.schemas.insert(name, schema);
    }
}

/// The whole description.
fn document() -> OpenApi {
    let tags =
        TAGS.map(|(name, what)| TagBuilder::new().name(name).description(Some(what)).build());
    let info = InfoBuilder::new()
        .title("logatlas")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Times are epoch milliseconds where nothing else is said. Errors are \
             `{\"error\": {\"code\", \"message\", \"hint\"}}`. Scopes allow one thing each, except that `respond` \
             may look as well and `admin` may do all; a session is `admin`. On the Unix socket in the data \
             folder nothing of this is needed. Answers to GET have an `ETag`; who sends it back as \
             `If-None-Match` gets 304 without a body while nothing has changed.",
        ))
        .license(Some(License::new("MIT OR Apache-2.0")));
    let mut document = OpenApiBuilder::new()
        .info(info.build())
        .tags(Some(tags))
        .build();
    let components = document.components.get_or_insert_with(Components::new);
    let token = Http::new(HttpAuthScheme::Bearer);
    components.add_security_scheme(TOKEN, SecurityScheme::Http(token));
    let cookie = ApiKeyValue::new(COOKIE);
    components.add_security_scheme(SESSION, SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    for (scope, routes) in super::routes() {
        let mut part = routes.into_openapi();
        if let Some(scope) = scope {
            let operations = part.paths.paths.values_mut().flat_map(operations_mut);
            operations.for_each(|operation| secure(operation, scope));
        }
        let components = part.components.take();
        add_schemas(&mut document, components.unwrap_or_default().schemas);
        document.merge(part);
    }
    require_fields(&mut document);
    document
}

/// Fields that are left out where there is nothing, rather than null.
const LEFT_OUT: [(&str, &str); 2] = [("Param", "default"), ("NewParam", "default")];

/// Says that answers name every field, null where there is nothing. Only requests may leave fields out.
fn require_fields(document: &mut OpenApi) {
    let operations = document.paths.paths.values_mut().flat_map(operations_mut);
    let bodies = operations.filter_map(|operation| operation.request_body.as_ref());
    let requests = serde_json::json!(bodies.collect::<Vec<_>>()).to_string();
    let components = document.components.get_or_insert_with(Components::new);
    for (name, schema) in &mut components.schemas {
        // No request holds another's schema, so that its own name is all there is to look for.
        if !requests.contains(&format!("\"#/components/schemas/{name}\"")) {
            require_all(name, schema);
        }
    }
}

fn require_all(name: &str, schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(Schema::Object(object)) => {
            let fields = object.properties.keys();
            let fields = fields.filter(|field| !LEFT_OUT.contains(&(name, field)));
            object.required = fields.cloned().collect();
        }
        RefOr::T(Schema::AllOf(parts)) => {
            let parts = parts.items.iter_mut();
            parts.for_each(|part| require_all(name, part));
        }
        RefOr::T(Schema::OneOf(choices)) => {
            let choices = choices.items.iter_mut();
            choices.for_each(|choice| require_all(name, choice));
        }
        _ => {}
    }
}

/// The description as it is served and printed, with a line end.
pub fn document_text() -> String {
    let text = serde_json::to_string_pretty(&document());
    text.expect("the description holds texts, lists and maps with text keys only") + "\n"
}

/// Describes the whole interface
///
/// `logatlas openapi` prints the same.
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    operation_id = "get_openapi",
    tag = "status",
    responses((status = 200, description = "An OpenAPI 3.1 document", body = Object))
)]
pub(super) async fn openapi() -> Json<OpenApi> {
    Json(document())
}

fn operations_mut(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
        &mut item.patch,
    ]
    .into_iter()
    .flatten()
}

/// Says which scope an operation needs and what is answered without it.
fn secure(operation: &mut Operation, scope: Scope) {
    operation.security = Some(vec![
        SecurityRequirement::new(TOKEN, [scope.as_str()]),
        SecurityRequirement::new::<_, [&str; 0], _>(SESSION, []),
    ]);
    let faults = [
        (
            "401",
            "Neither a token nor a session, or one that has ended",
        ),
        ("403", "The scope is another one, or a foreign page asks"),
    ];
    for (status, what) in faults {
        let responses = &mut operation.responses.responses;
        responses.entry(status.into()).or_insert(fault(what).into());
    }
}

fn fault(what: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Error")));
    ResponseBuilder::new()
        .description(what)
        .content("application/json", content.build())
        .build()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use serde_json::Value;

    use super::*;

    const ROOT: &str = env!("CARGO_MANIFEST_DIR");

    #[test]
    fn the_description_is_as_it_was_read_last() {
        let path = Path::new(ROOT).join("tests/golden/openapi.json");
        let text = document_text();
        // As insta does with the other goldens: `make golden` writes them anew.
        if std::env::var_os("INSTA_UPDATE").is_some_and(|mode| mode == "always") {
            std::fs::write(&path, &text).unwrap();
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        for (number, (new, old)) in text.lines().zip(golden.lines()).enumerate() {
            let number = number + 1;
            assert_eq!(
                new, old,
                "line {number}; `make golden` writes the file anew"
            );
        }
        assert_eq!(text.len(), golden.len());
    }

    /// Every value under a key, however deep.
    fn values<'a>(value: &'a Value, key: &str, found: &mut Vec<&'a Value>) {
        match value {
            Value::Object(map) => map.iter().for_each(|(name, value)| {
                found.extend((name == key).then_some(value));
                values(value, key, found);
            }),
            Value::Array(list) => list.iter().for_each(|value| values(value, key, found)),
            _ => {}
        }
    }

    #[test]
    fn every_operation_is_named_summed_up_and_grouped() {
        let document = serde_json::json!(document());
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        let mut references = Vec::new();
        values(&document, "$ref", &mut references);
        for reference in references {
            let reference = reference.as_str().unwrap().trim_start_matches('#');
            assert!(document.pointer(reference).is_some(), "{reference}");
        }
        let mut names = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let at = format!("{method} {path}");
                let name = operation["operationId"].as_str().unwrap();
                assert!(names.insert(name), "{at}: another is named {name}");
                assert!(operation["summary"].as_str().unwrap().len() > 5, "{at}");
                let [tag] = operation["tags"].as_array().unwrap().as_slice() else {
                    panic!("{at}: {}", operation["tags"]);
                };
                assert!(TAGS.iter().any(|(known, _)| tag == known), "{at}: {tag}");
                let parameters = operation["parameters"].as_array().into_iter().flatten();
                for parameter in parameters.clone() {
                    assert!(parameter["description"].is_string(), "{at}: {parameter}");
                }
                let of_path = parameters.filter(|parameter| parameter["in"] == "path");
                assert_eq!(of_path.count(), path.matches('{').count(), "{at}");
            }
        }
    }

    /// The paths that a file of the web view asks for; `{}` stands for what is put in.
    fn paths_in(text: &str) -> Vec<String> {
        let starts = text.match_indices("/api/v1/").map(|(start, _)| start);
        let mut paths: Vec<String> = starts
            .map(|start| path_at(text.split_at(start).1))
            .collect();
        // const at = (id: string) => `/api/v1/...`, which `${at(id)}/more` goes on from
        for line in text.lines() {
            let Some((head, tail)) = line.split_once(") => `/api/v1/") else {
                continue;
            };
            let name = head
                .trim_start()
                .trim_start_matches("const ")
                .split(' ')
                .next();
            let call = format!("${{{}(", name.unwrap_or_default());
            let begin = path_at(&format!("/api/v1/{tail}"));
            for (start, _) in text.match_indices(&call) {
                let more = path_at(text.split_at(start).1);
                paths.push(format!("{begin}{}", more.trim_start_matches("{}")));
            }
        }
        paths
    }

    fn path_at(text: &str) -> String {
        let (mut path, mut depth) = (String::new(), 0);
        for c in text.chars() {
            match (depth, c) {
                (0, '"' | '\'' | '`' | '?' | '<' | ' ' | '\n') => break,
                (0, '$') => path.push_str("{}"),
                (_, '{') => depth += 1,
                (_, '}') => depth -= 1,
                (0, c) => path.push(c),
                _ => {}
            }
        }
        match path.strip_suffix("{}") {
            // `/api/v1/review${query}`
            Some(whole) if !whole.ends_with('/') => whole.to_owned(),
            // "/api/v1/incidents/" + id
            None if path.ends_with('/') => path + "{}",
            _ => path,
        }
    }

    /// Whether a path of the view is one of the description, which has its parameters in braces.
    fn is_described(asked: &str, described: &str) -> bool {
        let (asked, described) = (asked.split('/'), described.split('/'));
        asked.clone().count() == described.clone().count()
            && asked
                .zip(described)
                .all(|(asked, described)| described.starts_with('{') || asked == described)
    }

    #[test]
    fn s36_the_view_uses_only_the_documented_interface() {
        let text = r#"
            get(`/api/v1/incidents/${encode({id})}/${act}?x=${y}`) + "/api/v1/rules/" + id
            get(`/api/v1/review${at === null ? "" : `?at=${at}`}`, { signal })
            const at = (id: string) => `/api/v1/rules/${encode(id)}`;
            get(`${at(id)}/series?from=${from}`)"#;
        let expected = [
            "/api/v1/incidents/{}/{}",
            "/api/v1/rules/{}",
            "/api/v1/review",
            "/api/v1/rules/{}",
            "/api/v1/rules/{}/series",
        ];
        assert_eq!(paths_in(text), expected);
        let document = document();
        let mut n_asked = 0;
        let mut folders = vec![Path::new(ROOT).join("web/src")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let is_code = path
                    .extension()
                    .is_some_and(|end| end == "ts" || end == "svelte");
                if !is_code {
                    continue;
                }
                for asked in paths_in(&std::fs::read_to_string(&path).unwrap()) {
                    let mut described = document.paths.paths.keys();
                    assert!(
                        described.any(|described| is_described(&asked, described)),
                        "{} asks for {asked}",
                        path.display()
                    );
                    n_asked += 1;
                }
            }
        }
        assert!(n_asked >= 6, "{n_asked}");
    }
}
