//! The HTTP API: who may do what, what errors look like, what headers every answer has.

use serde_json::{Value, json};

use crate::program::{Client, Home, access_line, now_us};

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
