//! The HTTP API: who may do what, what errors look like, what headers every answer has.

use serde_json::{Value, json};

use crate::program::{Client, Home, access_line, arg, now_us};

#[tokio::test]
async fn nothing_but_health_is_open_and_scopes_hold() {
    let home = Home::new();
    let server = home.serve(&[]);
    let plain = reqwest::Client::new();
    let status =
        async |request: reqwest::RequestBuilder| request.send().await.unwrap().status().as_u16();
    assert_eq!(
        status(plain.get(format!("{}/healthz", server.url))).await,
        200
    );
    let closed = [
        "/api/v1/status",
        "/api/v1/queries",
        "/api/v1/incidents",
        "/metrics",
        "/api/v1/geo/sources",
    ];
    for path in closed {
        assert_eq!(
            status(plain.get(format!("{}{path}", server.url))).await,
            401,
            "{path}"
        );
    }
    let (ingest, read, admin) = (
        Client::new(&home, &server, "ingest"),
        Client::new(&home, &server, "read"),
        Client::new(&home, &server, "admin"),
    );
    let rows = [
        (&ingest, "/api/v1/status", 403),
        (&read, "/api/v1/status", 200),
        (&admin, "/api/v1/status", 200),
        (&read, "/metrics", 200),
        (&read, "/api/v1/nothing", 404),
        (&read, "/api/v1/queries/nothing", 404),
    ];
    for (client, path, expected) in rows {
        assert_eq!(status(client.get(path)).await, expected, "{path}");
    }
    assert_eq!(
        status(read.post("/api/v1/ingest/lines").body("x")).await,
        403
    );
    assert_eq!(
        status(ingest.post("/api/v1/ingest/lines").body("x")).await,
        200
    );
    assert_eq!(
        status(read.post("/api/v1/tokens").json(&json!({}))).await,
        403
    );
}

#[tokio::test]
async fn a_browser_sets_a_password_signs_in_and_out() {
    let home = Home::new();
    let server = home.serve(&[]);
    let http = reqwest::Client::new();
    let url = format!("{}/api/v1/session", server.url);
    let post = async |body: Value| http.post(&url).json(&body).send().await.unwrap();
    let state: Value = http.get(&url).send().await.unwrap().json().await.unwrap();
    assert_eq!(state["state"], "setup");
    let secret = home.ok(&["token", "new", "--setup"]).trim().to_owned();
    let password = "correct horse battery";
    assert_eq!(
        post(json!({"secret": "wrong", "password": password}))
            .await
            .status(),
        401
    );
    assert_eq!(
        post(json!({"secret": secret, "password": "short"}))
            .await
            .status(),
        400
    );
    let signed_in = post(json!({"secret": secret, "password": password})).await;
    assert_eq!(signed_in.status(), 200);
    let cookie = signed_in.headers()["set-cookie"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
        "{cookie}"
    );
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let get = async |path: &str| {
        let request = http
            .get(format!("{}{path}", server.url))
            .header("cookie", &cookie);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(get("/api/v1/status").await, 200);
    assert_eq!(
        post(json!({"secret": secret, "password": password}))
            .await
            .status(),
        401
    );
    assert_eq!(
        post(json!({"password": "incorrect horse"})).await.status(),
        401
    );
    assert_eq!(post(json!({"password": password})).await.status(), 200);
    // A page of another site may not make the browser write.
    let foreign = http
        .post(format!("{}/api/v1/sql", server.url))
        .header("cookie", &cookie);
    let foreign = foreign
        .header("sec-fetch-site", "cross-site")
        .json(&json!({"sql": "SELECT 1"}));
    assert_eq!(foreign.send().await.unwrap().status(), 403);
    let out = http
        .delete(&url)
        .header("cookie", &cookie)
        .send()
        .await
        .unwrap();
    assert!(out.status().is_success());
    assert_eq!(get("/api/v1/status").await, 401);
    for _ in 0..12 {
        post(json!({"password": "guess guess guess"})).await;
    }
    assert_eq!(post(json!({"password": password})).await.status(), 429);
}

#[tokio::test]
async fn errors_have_a_code_a_message_and_often_a_hint() {
    let home = Home::new();
    let server = home.serve(&[]);
    let client = Client::new(&home, &server, "read");
    let error = async |request: reqwest::RequestBuilder| -> Value {
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        answer["error"].clone()
    };
    let refused = error(
        client
            .post("/api/v1/sql")
            .json(&json!({"sql": "DROP TABLE logs"})),
    )
    .await;
    assert!(
        refused["message"].as_str().unwrap().contains("only SELECT"),
        "{refused}"
    );
    let unknown = error(client.get("/api/v1/queries/errors_by_country?frm=1")).await;
    assert!(
        unknown["message"]
            .as_str()
            .unwrap()
            .contains("no parameter frm"),
        "{unknown}"
    );
    let missing = error(client.get("/api/v1/queries/errors_by_country")).await;
    assert!(
        missing["message"].as_str().unwrap().contains("$from"),
        "{missing}"
    );
    let body = error(client.post("/api/v1/sql").body("{")).await;
    assert!(
        body["code"].is_string() && body["message"].is_string(),
        "{body}"
    );
}

#[tokio::test]
async fn a_saved_query_answers_in_columns_with_its_sql() {
    let home = Home::new();
    let server = home.serve(&[]);
    let client = Client::new(&home, &server, "admin");
    let now = now_us();
    let lines: String = (0..300)
        .map(|n| {
            access_line(
                n,
                "217.0.0.1",
                if n < 30 { 500 } else { 200 },
                now - 60_000_000,
            )
        })
        .collect();
    assert!(client.lines(lines).await);
    let path = format!(
        "/api/v1/queries/errors_by_country?from={}&to={}",
        now / 1000 - 120_000,
        now / 1000
    );
    let answer = client.json(&path).await;
    assert_eq!(answer["columns"][0]["name"], "country");
    assert_eq!(
        (
            &answer["data"][0][0],
            &answer["data"][1][0],
            &answer["data"][2][0]
        ),
        (&json!("DE"), &json!(300), &json!(30))
    );
    assert!(
        answer["sql"].as_str().unwrap().contains("TIMESTAMP '2"),
        "{}",
        answer["sql"]
    );
    let csv = client
        .get(&path)
        .header("accept", "text/csv")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(csv.starts_with("country,n,k,rate"), "{csv}");
    let status = client.json("/api/v1/status").await;
    assert_eq!(status["account"]["stored"], 300);
    let metrics = client
        .get("/metrics")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(
        metrics.contains("logatlas_lines_stored_total{source=\"http\"} 300"),
        "{metrics}"
    );
}

#[tokio::test]
async fn every_answer_is_hardened() {
    let home = Home::new();
    let server = home.serve(&[]);
    for path in [
        "/",
        "/map",
        "/api/v1/status",
        "/geo/world.json",
        "/nothing.js",
    ] {
        let response = reqwest::get(format!("{}{path}", server.url)).await.unwrap();
        let policy = response.headers()["content-security-policy"]
            .to_str()
            .unwrap();
        assert!(
            policy.contains("default-src 'none'") && !policy.contains("unsafe"),
            "{path}: {policy}"
        );
        assert_eq!(
            response.headers()["x-content-type-options"],
            "nosniff",
            "{path}"
        );
    }
    let page = reqwest::get(format!("{}/map?place=ES", server.url))
        .await
        .unwrap();
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    let runbook = reqwest::get(format!(
        "{}/runbooks/server-error-rate-by-country",
        server.url
    ))
    .await
    .unwrap();
    assert!(runbook.text().await.unwrap().starts_with("# 5xx rate"));
}

#[tokio::test]
async fn what_is_described_is_what_is_served_and_asks_for_the_scope_it_names() {
    let home = Home::new();
    let printed: Value = serde_json::from_str(&home.ok(&["openapi"])).unwrap();
    assert!(!home.data.exists(), "printing needs no data folder");
    let server = home.serve(&[]);
    let read = Client::new(&home, &server, "read");
    assert_eq!(read.json("/api/v1/openapi.json").await, printed);
    let (lamp, ingest) = (
        Client::new(&home, &server, "lamp"),
        Client::new(&home, &server, "ingest"),
    );
    let plain = reqwest::Client::new();
    let mut n_operations = 0;
    for (path, item) in printed["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            n_operations += 1;
            let at = format!("{method} {path}");
            let method: reqwest::Method = method.to_uppercase().parse().unwrap();
            let path = path.replace(['{', '}'], "x");
            let url = format!("{}{path}", server.url);
            let answer = plain.request(method.clone(), url).send().await.unwrap();
            let status = answer.status().as_u16();
            let body = answer.text().await.unwrap();
            let Some(security) = operation["security"].as_array() else {
                let is_there = status != 405 && !body.contains("no_such_route");
                assert!(is_there, "{at}: {status} {body}");
                continue;
            };
            assert_eq!(status, 401, "{at}: {body}");
            let scope = security[0]["token"][0].as_str().unwrap();
            let other = if scope == "lamp" { &ingest } else { &lamp };
            let answer = other.request(method, &path).send().await.unwrap();
            let body: Value = answer.json().await.unwrap();
            let message = &body["error"]["message"];
            assert_eq!(*message, format!("this needs the scope {scope}"), "{at}");
        }
    }
    assert!(n_operations > 25, "{n_operations}");
}

#[tokio::test]
async fn a_saved_query_is_written_changed_and_taken_back() {
    let home = Home::new();
    let server = home.serve(&[]);
    let client = Client::new(&home, &server, "admin");
    let put = async |name: &str, body: &Value| -> (u16, Value) {
        let request = client.request(reqwest::Method::PUT, &format!("/api/v1/queries/{name}"));
        let response = request.json(body).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    };
    let delete = async |name: &str| {
        let request = client.request(reqwest::Method::DELETE, &format!("/api/v1/queries/{name}"));
        request.send().await.unwrap().status().as_u16()
    };
    let shown = async |name: &str| {
        let list = client.json("/api/v1/queries").await;
        let mut list = list.as_array().unwrap().clone().into_iter();
        list.find(|query| query["name"] == name).unwrap_or_default()
    };
    let mut body = json!({
        "title": "Slow requests: where?",
        "sql": "-- by path\nSELECT path, count(*) AS n FROM logs WHERE ts >= $from AND ts < $to AND status >= $least GROUP BY path",
        "params": [
            {"name": "from", "type": "timestamp"},
            {"name": "to", "type": "timestamp"},
            {"name": "least", "type": "int", "default": 500},
        ],
    });
    let (status, written) = put("slow-paths", &body).await;
    assert_eq!(status, 200, "{written}");
    for name in ["title", "sql", "params"] {
        assert_eq!(written[name], body[name], "{name}");
    }
    assert_eq!(
        (&written["origin"], &written["shipped"]),
        (&json!("yours"), &json!(false))
    );
    assert_eq!(shown("slow-paths").await, written);
    let answer = client
        .json("/api/v1/queries/slow-paths?from=0&to=1&least=1")
        .await;
    assert_eq!(answer["n_rows"], 0);
    // Somebody else has written it meanwhile.
    assert_eq!(
        put("slow-paths", &body).await.1["error"]["code"],
        "changed_meanwhile"
    );
    body["version"] = written["version"].clone();
    body["title"] = "Failing requests: where?".into();
    let (status, changed) = put("slow-paths", &body).await;
    assert_eq!((status, &changed["title"]), (200, &body["title"]));
    assert_eq!(put("slow-paths", &body).await.0, 409);
    // What cannot be run is not written, and says why.
    body["version"] = changed["version"].clone();
    let rows = [
        ("DROP TABLE logs", "only SELECT"),
        ("SELECT no_such_column FROM logs", "no_such_column"),
        ("SELECT $unheard_of", "no value for parameter $unheard_of"),
    ];
    for (sql, expected) in rows {
        body["sql"] = sql.into();
        let (status, answer) = put("slow-paths", &body).await;
        let error = &answer["error"];
        let message = error["message"].as_str().unwrap();
        assert_eq!(status, 422, "{answer}");
        assert!(
            message.contains(expected) && error["hint"].is_string(),
            "{answer}"
        );
    }
    assert_eq!(shown("slow-paths").await, changed);
    assert_eq!(put("a.b", &body).await.0, 400);
    assert_eq!(delete("slow-paths").await, 204);
    assert_eq!(delete("slow-paths").await, 404);
    assert!(shown("slow-paths").await.is_null());
    // The command does the same.
    let file = home.write("slow.sql", "-- Slow?\n-- $n int = 5\nSELECT $n AS n\n");
    let said = home.ok(&["query", "slow-paths", "--save", arg(&file)]);
    assert_eq!(said, "slow-paths is saved: Slow?\n");
    assert_eq!(home.ok(&["query", "slow-paths", "-p", "n=7"]), "n\n7\n");
    home.write("slow.sql", "-- Slow?\nSELECT no_such_column\n");
    let (code, said) = home.fails(&["query", "slow-paths", "--save", arg(&file)]);
    assert!(code == 1 && said.contains("no_such_column"), "{said}");
    // One's own lies over the shipped one, which is there again without it.
    let shipped = shown("top_paths").await;
    assert_eq!(shipped["origin"], "shipped");
    let body = json!({"title": "Mine", "sql": "SELECT 1", "version": shipped["version"]});
    let (status, mine) = put("top_paths", &body).await;
    assert_eq!(
        (status, &mine["origin"], &mine["shipped"]),
        (200, &json!("yours"), &json!(true))
    );
    assert_eq!(delete("top_paths").await, 204);
    assert_eq!(shown("top_paths").await, shipped);
    assert_eq!(delete("top_paths").await, 404);
    let rule = client
        .json("/api/v1/rules/server-error-rate-by-country")
        .await;
    let text = rule["text"].as_str().unwrap();
    let window =
        json!([{"name": "from", "type": "timestamp"}, {"name": "to", "type": "timestamp"}]);
    let answer = |name: &str, condition: &str| {
        format!("SELECT 'ES' AS country, 1 AS {name}, 2 AS n, 2 AS k WHERE {condition}")
    };
    let mut body =
        json!({"title": "Asked by a rule", "params": window, "sql": answer("rate", "$from < $to")});
    let (status, asked) = put("asked", &body).await;
    assert_eq!(status, 200, "{asked}");
    let text = text.replace("server-error-rate-by-country", "own");
    let text = text.replace("errors_by_country", "asked");
    home.write("data/queries/alerts/own.toml", &text);
    assert_eq!(delete("asked").await, 409);
    // Nor does it lose a column or a parameter that the rule needs.
    body["version"] = asked["version"].clone();
    for (sql, params, expected) in [
        (answer("rat", "$from < $to"), &window, "no column rate"),
        (answer("rate", "true"), &json!([]), "from"),
    ] {
        (body["sql"], body["params"]) = (sql.into(), params.clone());
        let (status, answer) = put("asked", &body).await;
        assert_eq!((status, &answer["error"]["code"]), (409, &json!("in_use")));
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(
            message.contains("rule own ") && message.contains(expected),
            "{message}"
        );
    }
    assert_eq!(shown("asked").await, asked);
    // What a rule cannot ask as it is may be changed: it gets no worse.
    home.write(
        "data/queries/alerts/own.toml",
        text.replace("\"rate\"", "\"share\""),
    );
    body["title"] = "Another title".into();
    assert_eq!(put("asked", &body).await.0, 200);
}

#[tokio::test]
async fn a_rule_is_looked_at_before_it_is_saved() {
    let home = Home::new();
    let server = home.serve(&[]);
    let client = Client::new(&home, &server, "admin");
    let now = now_us();
    let failing = |n: usize| access_line(n, "217.0.0.1", 503, now - 120_000_000);
    assert!(client.lines((0..200).map(failing).collect()).await);
    let id = "server-error-rate-by-country";
    let shipped = client.json(&format!("/api/v1/rules/{id}")).await;
    assert_eq!(
        (&shipped["shipped"], &shipped["own"]),
        (&json!(true), &json!(false))
    );
    let text = shipped["text"].as_str().unwrap();
    let post = async |path: &str, body: Value| -> Value {
        let request = client.post(&format!("/api/v1/rules/{path}")).json(&body);
        request.send().await.unwrap().json().await.unwrap()
    };
    let linted = post(&format!("{id}/lint"), json!({"rule": text})).await;
    assert_eq!(linted["problem"], Value::Null);
    assert_eq!(linted["rule"]["version"], shipped["version"]);
    let broken = text.replacen("[", "]", 1);
    let linted = post("new/lint", json!({"rule": format!("\n{broken}")})).await;
    assert!(linted["problem"]["line"].as_u64().unwrap() > 1, "{linted}");
    assert_eq!(linted["rule"], Value::Null);
    let other = text.replace("\"rate\"", "\"ratio\"");
    assert_ne!(other, text);
    let linted = post(&format!("{id}/lint"), json!({"rule": other})).await;
    let worst = &linted["findings"][0];
    assert_eq!(
        (&worst["field"], &worst["level"]),
        (&json!("query.value"), &json!("error"))
    );
    // The values of a draft are those of the rule that it will be.
    let window = (now / 1000 - 600_000, now / 1000);
    let saved = format!(
        "/api/v1/rules/{id}/series?from={}&to={}",
        window.0, window.1
    );
    let saved = client.json(&saved).await;
    let body = json!({"from": window.0.to_string(), "to": window.1.to_string(), "rule": text});
    assert_eq!(post("not-there-yet/series", body.clone()).await, saved);
    assert!(!saved["series"].as_object().unwrap().is_empty(), "{saved}");
    // Saving makes a copy, deleting it brings the shipped one back.
    let path = format!("/api/v1/rules/{id}");
    let body = json!({"text": format!("{text}\n# mine\n"), "version": shipped["version"]});
    let written = client
        .request(reqwest::Method::PUT, &path)
        .json(&body)
        .send()
        .await;
    let written: Value = written.unwrap().json().await.unwrap();
    assert_eq!(
        (&written["shipped"], &written["own"]),
        (&json!(true), &json!(true))
    );
    let delete = async |version: &Value| {
        let path = format!("{path}?version={}", version.as_str().unwrap());
        let request = client.request(reqwest::Method::DELETE, &path);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(delete(&shipped["version"]).await, 409);
    assert_eq!(delete(&written["version"]).await, 204);
    assert_eq!(delete(&written["version"]).await, 404);
    assert_eq!(client.json(&path).await["version"], shipped["version"]);
}

#[tokio::test]
async fn an_answer_that_the_caller_has_is_not_sent_again() {
    let home = Home::new();
    let server = home.serve(&[]);
    let client = Client::new(&home, &server, "admin");
    let query = "/api/v1/queries/errors_by_country?from=0&to=4000000000000";
    let paths = [
        "/api/v1/queries",
        query,
        "/geo/world.json",
        "/runbooks/server-error-rate-by-country",
        "/",
    ];
    let ask = async |path: &str, known: &str| {
        let request = client.get(path).header("if-none-match", known);
        let response = request.send().await.unwrap();
        let tag = response.headers()["etag"].to_str().unwrap().to_owned();
        let status = response.status().as_u16();
        (status, tag, response.bytes().await.unwrap().len())
    };
    for path in paths {
        let (status, tag, length) = ask(path, "\"another\"").await;
        assert!(status == 200 && length > 0, "{path}: {status}");
        assert_eq!(ask(path, &tag).await, (304, tag.clone(), 0), "{path}");
        // As a cache may send it that knows more than one answer.
        let many = format!("W/\"x\", {tag}");
        assert_eq!(ask(path, &many).await.0, 304, "{path}");
    }
    let (_, before, _) = ask(query, "").await;
    assert!(
        client
            .lines(access_line(1, "217.0.0.1", 500, now_us()))
            .await
    );
    let (status, after, _) = ask(query, &before).await;
    assert_eq!(status, 200);
    assert_ne!(before, after);
    let missing = client.get("/api/v1/queries/nothing").send().await.unwrap();
    assert!(!missing.headers().contains_key("etag"));
}

/// The answers have the fields that the description promises.
#[tokio::test]
async fn answers_have_the_fields_that_are_described() {
    let home = Home::new();
    let described: Value = serde_json::from_str(&home.ok(&["openapi"])).unwrap();
    let server = home.serve(&[]);
    let client = Client::new(&home, &server, "admin");
    assert!(
        client
            .lines(access_line(1, "217.0.0.1", 500, now_us()))
            .await
    );
    let now = now_us() / 1000;
    let window = format!("from={}&to={now}", now - 60_000);
    let series = format!("/api/v1/rules/server-error-rate-by-country/series?{window}");
    let query = format!("/api/v1/queries/errors_by_country?{window}");
    let rule = "/api/v1/rules/server-error-rate-by-country".to_owned();
    let rows = [
        ("/api/v1/status", "/api/v1/status"),
        ("/api/v1/queries", "/api/v1/queries"),
        (&query, "/api/v1/queries/{name}"),
        ("/api/v1/rules", "/api/v1/rules"),
        (&rule, "/api/v1/rules/{id}"),
        (&series, "/api/v1/rules/{id}/series"),
        ("/api/v1/incidents", "/api/v1/incidents"),
        ("/api/v1/silences", "/api/v1/silences"),
        ("/api/v1/outbox", "/api/v1/outbox"),
        ("/api/v1/review", "/api/v1/review"),
        ("/api/v1/geo/sources", "/api/v1/geo/sources"),
        ("/api/v1/session", "/api/v1/session"),
        ("/lamp", "/lamp"),
    ];
    for (path, described_path) in rows {
        let operation = &described["paths"][described_path]["get"];
        let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        assert!(schema.is_object(), "{path}: {operation}");
        let answer = client.json(path).await;
        let wrong = faults(&described, schema, &answer, path);
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

/// Where a value has other fields than its schema.
fn faults(document: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let schema = document.pointer(reference.trim_start_matches('#'));
        return faults(document, schema.unwrap(), value, at);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let mut found = choices.iter().map(|one| faults(document, one, value, at));
        let fits = found.any(|faults| faults.is_empty());
        let what = (!fits).then(|| format!("{at} fits no choice: {value}"));
        return what.into_iter().collect();
    }
    if let Some(words) = schema["enum"].as_array() {
        let is_one = words.contains(value) || value.is_null();
        let what = (!is_one).then(|| format!("{at} is none of {words:?}: {value}"));
        return what.into_iter().collect();
    }
    if schema["type"] == "null" && !value.is_null() {
        return vec![format!("{at} is not null")];
    }
    if let (Value::Array(values), list @ Value::Object(_)) = (value, &schema["items"]) {
        let values = values.iter().enumerate();
        let found = values.map(|(n, value)| faults(document, list, value, &format!("{at}[{n}]")));
        return found.flatten().collect();
    }
    let mut properties = serde_json::Map::new();
    let mut required = Vec::new();
    gather(document, schema, &mut properties, &mut required);
    if properties.is_empty() || value.is_null() {
        return Vec::new();
    }
    let Some(map) = value.as_object() else {
        return vec![format!("{at} is no object: {value}")];
    };
    let missing = required.iter().filter(|name| !map.contains_key(*name));
    let mut found: Vec<String> = missing.map(|name| format!("{at} has no {name}")).collect();
    for (name, value) in map {
        match properties.get(name) {
            Some(schema) => found.extend(faults(document, schema, value, &format!("{at}.{name}"))),
            None => found.push(format!("{at}.{name} is not described")),
        }
    }
    found
}

/// The fields of an object and of those laid into it.
fn gather(
    document: &Value,
    schema: &Value,
    properties: &mut serde_json::Map<String, Value>,
    required: &mut Vec<String>,
) {
    if let Some(reference) = schema["$ref"].as_str() {
        let schema = document.pointer(reference.trim_start_matches('#')).unwrap();
        return gather(document, schema, properties, required);
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        gather(document, part, properties, required);
    }
    properties.extend(
        schema["properties"]
            .as_object()
            .cloned()
            .unwrap_or_default(),
    );
    let names = schema["required"].as_array().into_iter().flatten();
    required.extend(names.filter_map(|name| name.as_str().map(str::to_owned)));
}
