// Written by `npm run types` from tests/golden/openapi.json: do not edit.

export interface paths {
    readonly "/api/v1/geo/sources": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Lists the makers of the geo data in use, to be named where its answers are shown */
        readonly get: operations["list_geo_sources"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/import": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Reads files of the server's machine
         * @description For an administrator and the command line.
         */
        readonly post: operations["import_files"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/incidents": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Lists incidents, the open ones first */
        readonly get: operations["list_incidents"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/incidents/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Shows an incident and what happened to it */
        readonly get: operations["get_incident"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/incidents/{id}/map.png": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Draws the incident's map as PNG
         * @description Error rates in the window of the incident's link, of the world or of the country that it is about.
         */
        readonly get: operations["get_incident_map_png"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/incidents/{id}/map.svg": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Draws the incident's map as SVG
         * @description Error rates in the window of the incident's link, of the world or of the country that it is about.
         */
        readonly get: operations["get_incident_map_svg"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/incidents/{id}/{act}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Acknowledges, unacknowledges, resolves or classes an incident */
        readonly post: operations["act_on_incident"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/ingest/lines": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Stores raw lines
         * @description An answer means that they are on disk.
         */
        readonly post: operations["ingest_lines"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/live": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Tells how the program and its incidents are, as it changes
         * @description Server-sent events: `status` has the body of `GET /api/v1/status`, at the start, when something has changed, at
         *     most once a second, and at least every 10 s; `incidents` says which incidents have changed. The stream ends
         *     after five minutes; come back then.
         */
        readonly get: operations["follow_status"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/openapi.json": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Describes the whole interface
         * @description `logatlas openapi` prints the same.
         */
        readonly get: operations["get_openapi"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/outbox": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Lists messages, the latest first */
        readonly get: operations["list_messages"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/outbox/{id}/{act}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Sends a waiting message at once, or gives it up */
        readonly post: operations["act_on_message"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/queries": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Lists the saved queries with their parameters */
        readonly get: operations["list_queries"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/queries/{name}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Runs a saved query */
        readonly get: operations["run_query"];
        /**
         * Writes a saved query into the user's folder
         * @description It is planned first, with its defaults, and counts at once. A shipped query is laid over, not changed.
         */
        readonly put: operations["put_query"];
        readonly post?: never;
        /**
         * Deletes one's own saved query
         * @description A shipped one of the same name shows again.
         */
        readonly delete: operations["delete_query"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/review": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Shows an ISO week: pages, times, who was woken by what */
        readonly get: operations["get_review"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/rules": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Lists the rules and how they do */
        readonly get: operations["list_rules"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/rules/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Shows a rule and how it does */
        readonly get: operations["get_rule"];
        /**
         * Writes a rule into the user's folder
         * @description It is in use within a second. A shipped rule is laid over, not changed.
         */
        readonly put: operations["put_rule"];
        readonly post?: never;
        /**
         * Deletes one's own rule
         * @description A shipped one of the same name counts again; without one the rule is gone, and what it had open ends.
         */
        readonly delete: operations["delete_rule"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/rules/{id}/backtest": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Replays the past under a rule */
        readonly post: operations["backtest_rule"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/rules/{id}/fire": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Sends a test event and its resolve, and says what became of them */
        readonly post: operations["fire_rule"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/rules/{id}/lint": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Says what is doubtful about a rule's text before it is saved */
        readonly post: operations["lint_rule"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/rules/{id}/series": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Shows the rule's value at each tick, as it decides on */
        readonly get: operations["get_rule_series"];
        readonly put?: never;
        /** Shows the values of a rule that is not saved yet */
        readonly post: operations["try_rule_series"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/session": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Says whether somebody is signed in */
        readonly get: operations["get_session"];
        readonly put?: never;
        /**
         * Signs in, or sets the first password
         * @description The answer sets the cookie of the session.
         */
        readonly post: operations["sign_in"];
        /** Signs out */
        readonly delete: operations["sign_out"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/silences": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Lists silences, the latest first */
        readonly get: operations["list_silences"];
        readonly put?: never;
        /** Holds back the messages of incidents that match */
        readonly post: operations["make_silence"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/silences/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        readonly post?: never;
        /** Ends a silence */
        readonly delete: operations["end_silence"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/sql": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /** Answers a question in SQL */
        readonly post: operations["run_sql"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/status": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Sources, rows, lag and incidents at a glance */
        readonly get: operations["get_status"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/tail": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Tells lines as they come in
         * @description Server-sent events: `lines` has rows as `POST /api/v1/sql` has them, the columns being `ts_us`, `batch_id`,
         *     `row_idx` and what a list of lines shows. A line is told once, also to who comes back with `Last-Event-ID`.
         *     `fault` has an error, and is the last. The stream ends after five minutes; come back then.
         */
        readonly get: operations["follow_lines"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/api/v1/tokens": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Makes a token or another secret
         * @description For an administrator and the command line.
         */
        readonly post: operations["make_token"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/geo/{path}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Outlines of countries and regions
         * @description TopoJSON; the map draws with it.
         */
        readonly get: operations["get_geometry"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/healthz": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Says whether the program can still store */
        readonly get: operations["get_health"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/lamp": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Shows one colour
         * @description Under 1 KB, for a device with a lamp: red is something that nobody has taken, orange that somebody has, green
         *     nothing, blue that nobody looks or that messages do not get out.
         */
        readonly get: operations["get_lamp"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/metrics": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Counts for Prometheus */
        readonly get: operations["get_metrics"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/runbooks/{name}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** What to do when a shipped rule wakes somebody */
        readonly get: operations["get_runbook"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/webhooks/pagerduty/{target}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Takes PagerDuty's webhooks, version 3
         * @description Whatever is authentic is taken with 202, whether we know what it means or not: any other answer makes PagerDuty
         *     drop it and, soon, the subscription.
         */
        readonly post: operations["take_pagerduty_webhook"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description What goes with an act; `class` and `note` belong to `class`. */
        readonly Act: {
            /**
             * @description Who acts, when the command line acts for somebody.
             * @default null
             */
            readonly by: string | null;
            /**
             * @description `action`, `no_action` or `tune`.
             * @default
             */
            readonly class: string;
            /** @default  */
            readonly note: string;
        };
        /**
         * @description What is told, in PagerDuty's words.
         * @enum {string}
         */
        readonly Action: "trigger" | "acknowledge" | "resolve" | "digest";
        /** @description A question in SQL. */
        readonly Ask: {
            /** @description All rows, without the console's limits, as they come; in a format. An answer that breaks off had an error. */
            readonly export?: boolean;
            /** @description `table`, `csv`, `json`, `ndjson`, `parquet` or `arrow`; columns, for the browser, when absent. */
            readonly format?: string | null;
            /** @description Values for `$name` in the SQL: texts, numbers or null. */
            readonly params?: {
                readonly [key: string]: unknown;
            };
            readonly sql: string;
        };
        /** @description What came out. */
        readonly BacktestOutcome: {
            readonly report: components["schemas"]["BacktestReport"];
            /** @description The same for each threshold tried, without the episodes. */
            readonly sweep: readonly components["schemas"]["BacktestReport"][];
        };
        /** @description What a rule would have done. */
        readonly BacktestReport: {
            /** Format: double */
            readonly delay_p50_s: number | null;
            /** Format: double */
            readonly delay_p90_s: number | null;
            readonly episodes: readonly components["schemas"]["Episode"][];
            /** Format: int64 */
            readonly failed_ticks: number;
            /** Format: int64 */
            readonly flaps: number;
            /** @description RFC 3339. */
            readonly from: string;
            /** Format: int64 */
            readonly longest_s: number;
            /** @description Pages between 22:00 and 07:00 where the team lives. */
            readonly night_pages: number;
            /**
             * Format: double
             * @description Share of the time that something was open.
             */
            readonly open_share: number;
            readonly opens: number;
            /** @description Urgent messages after quiet hours and bundles. */
            readonly pages: number;
            /** Format: double */
            readonly pages_per_week: number;
            /** Format: double */
            readonly raise: number;
            readonly rule: string;
            /** Format: int64 */
            readonly ticks: number;
            /**
             * Format: int64
             * @description Ticks whose query returned a row: with none, nothing was judged, and "never open" means nothing.
             */
            readonly ticks_with_rows: number;
            /** @description RFC 3339. */
            readonly to: string;
            readonly truth: components["schemas"]["Truth"] | null;
            readonly version: string;
        };
        /** @description What became of all lines; it balances at every instant. */
        readonly Balance: components["schemas"]["SourceAccount"] & {
            /**
             * Format: int64
             * @description Lines taken in and not durable yet.
             */
            readonly in_flight: number;
        };
        /** @description A column's head. */
        readonly Column: {
            readonly name: string;
            /** @description `bool`, `int`, `float`, `timestamp` (epoch milliseconds) or `text`. */
            readonly type: string;
        };
        /**
         * @description An answer as columns, for the browser: times are epoch milliseconds, large integers are texts, what is
         *     no number is null.
         */
        readonly Columns: {
            readonly columns: readonly components["schemas"]["Column"][];
            /** @description One list a column, as long as there are rows: numbers, texts, truth values and nulls. */
            readonly data: readonly (readonly unknown[])[];
            /** Format: double */
            readonly elapsed_ms: number;
            readonly n_rows: number;
            /** @description Whether rows were left out because of the limits. */
            readonly truncated: boolean;
        };
        /**
         * @description How a value is compared.
         * @enum {string}
         */
        readonly Comparison: ">" | ">=" | "<" | "<=";
        /** @description A rule's text that is not saved. */
        readonly Draft: {
            /** @description The file (TOML). */
            readonly rule: string;
        };
        /** @description A window, and perhaps a rule that is not saved. */
        readonly DraftSeries: {
            /** @description Epoch milliseconds or RFC 3339, as a text. */
            readonly from: string;
            /** @description The text of a rule that is not saved yet; the saved one when absent. */
            readonly rule?: string | null;
            /** @description Epoch milliseconds or RFC 3339, as a text. */
            readonly to: string;
        };
        /** @description One time the rule was open. */
        readonly Episode: {
            /**
             * Format: int64
             * @description From the first breach to the page, microseconds.
             */
            readonly delay_us: number;
            /**
             * Format: int64
             * @description Epoch microseconds.
             */
            readonly from_us: number;
            readonly labels: {
                readonly [key: string]: string | null;
            };
            /** Format: double */
            readonly peak: number | null;
            readonly summary: string;
            /**
             * Format: int64
             * @description Epoch microseconds.
             */
            readonly to_us: number;
        };
        /** @description What every error looks like. */
        readonly Error: {
            readonly error: components["schemas"]["Fault"];
        };
        /** @description What the logs table holds. */
        readonly Extent: {
            /**
             * Format: int64
             * @description Time of the first row, epoch milliseconds.
             */
            readonly from: number | null;
            /** Format: int64 */
            readonly rows: number;
            /**
             * Format: int64
             * @description Time of the last row, epoch milliseconds.
             */
            readonly to: number | null;
            /**
             * Format: int64
             * @description The same without a few lines that have no time of their own: where a window of the last hours ends.
             */
            readonly told_to: number | null;
        };
        /** @description What is wrong. */
        readonly Fault: {
            /** @description A word for programs; it stays when the message is written better. */
            readonly code: string;
            /** @description What the caller can do. */
            readonly hint: string | null;
            readonly message: string;
        };
        /** @description What became of one file. */
        readonly FileReport: {
            /** Format: int64 */
            readonly blank: number;
            readonly error: string | null;
            readonly path: string;
            /** Format: int64 */
            readonly received: number;
            /**
             * Format: int64
             * @description Bytes read before this import.
             */
            readonly resumed_at: number;
            /** Format: int64 */
            readonly stored: number;
            /** Format: int64 */
            readonly unparsed: number;
        };
        /** @description Where to. */
        readonly Fire: {
            /**
             * @description Who acts, when the command line acts for somebody.
             * @default null
             */
            readonly by: string | null;
            /**
             * @description One of the settings' targets; all of the rule's when absent.
             * @default null
             */
            readonly target: string | null;
        };
        /** @description What became of a test message. */
        readonly Fired: {
            readonly action: components["schemas"]["Action"];
            /** @description The body that was sent, keys starred out; null where it is no JSON, as in a mail. */
            readonly body: Record<string, never>;
            readonly error: string | null;
            readonly message: components["schemas"]["Notification"];
            /** @description Whether the target took it. */
            readonly taken: boolean;
            readonly target: string;
        };
        /** @description A source of geo data, to be named wherever its answers are shown. */
        readonly GeoSource: {
            /** @description The sentence with its link. */
            readonly attribution_html: string;
            /** @description The sentence as plain text. */
            readonly attribution_text: string;
            /** @description Day on which the data was built, `YYYY-MM-DD`. */
            readonly built: string | null;
            /** @description Whether the data was changed after its maker gave it out. */
            readonly modified: boolean;
            /** @description The maker. */
            readonly name: string;
            /** @description The maker's page. */
            readonly url: string;
        };
        readonly GeoStatus: {
            readonly sources: readonly components["schemas"]["GeoSource"][];
        };
        /** @description What an import did. */
        readonly ImportReport: {
            /** Format: int64 */
            readonly elapsed_ms: number;
            readonly files: readonly components["schemas"]["FileReport"][];
            /** Format: int64 */
            readonly n_bytes: number;
            /** @description Whether it was stopped before the end. */
            readonly stopped: boolean;
        };
        /** @description What to import. */
        readonly ImportRequest: {
            /** @description Read files again that were read before. */
            readonly again?: boolean;
            readonly format?: string | null;
            readonly host?: string | null;
            readonly keep_raw?: boolean;
            /** @description Files of the server's machine. */
            readonly paths: readonly string[];
            /** @description Name of the source; each file's own name when absent. */
            readonly source?: string | null;
            /** @description IANA name of the zone of times that name none. */
            readonly zone?: string | null;
        };
        /** @description An incident as the API shows it. Times are milliseconds since the epoch. */
        readonly Incident: {
            /**
             * Format: int64
             * @description Epoch milliseconds.
             */
            readonly acked_at: number | null;
            readonly acked_by: string | null;
            /**
             * Format: int64
             * @description When the acknowledgement ends by itself, epoch milliseconds; null when it stays.
             */
            readonly acks_expire_at: number | null;
            /** @description The bundle that tells of it. */
            readonly bundle: string | null;
            readonly class: components["schemas"]["IncidentClass"] | null;
            readonly class_by: string | null;
            readonly class_note: string | null;
            /** @description The map at its window and place. */
            readonly client_url: string;
            readonly close_reason: string | null;
            /**
             * Format: int64
             * @description Epoch milliseconds.
             */
            readonly closed_at: number | null;
            /** @description The same for every episode of the same rule and labels. */
            readonly dedup_key: string;
            /**
             * Format: int64
             * @description How often the key has opened, this time included.
             */
            readonly episode: number;
            /** @description What stands out among the failing rows; free in its form, `sentence` says it in words. */
            readonly explanation: unknown;
            readonly flapping: boolean;
            readonly id: string;
            /** @description What it is about: `value`, or the rule itself, or several incidents at once. */
            readonly kind: string;
            readonly labels: {
                readonly [key: string]: string | null;
            };
            /** @description The instances with their labels, value, sample and severity; the incidents of a bundle. */
            readonly members: readonly Record<string, never>[];
            readonly mute: components["schemas"]["IncidentMute"] | null;
            /**
             * Format: int64
             * @description Until when, where that is known, epoch milliseconds.
             */
            readonly mute_until: number | null;
            /**
             * Format: int64
             * @description Size of the sample that the value rests on.
             */
            readonly n: number | null;
            readonly op: components["schemas"]["Comparison"] | null;
            /**
             * Format: int64
             * @description Epoch milliseconds.
             */
            readonly opened_at: number;
            /** Format: double */
            readonly peak_value: number | null;
            readonly rule: string;
            readonly runbook_url: string;
            /**
             * Format: int64
             * @description When its targets were last told, epoch milliseconds.
             */
            readonly sent_at: number | null;
            readonly service: string;
            readonly severity: components["schemas"]["Severity"];
            readonly state: components["schemas"]["IncidentState"];
            readonly summary: string;
            readonly team: string;
            /** Format: double */
            readonly threshold: number;
            readonly title: string;
            /** @description How the value is written. */
            readonly unit: components["schemas"]["Unit"];
            /**
             * Format: double
             * @description The newest value.
             */
            readonly value: number | null;
        };
        /**
         * @description The words of `Incident::class`.
         * @enum {string}
         */
        readonly IncidentClass: "action" | "no_action" | "tune";
        /** @description How many there are of what wants attention. */
        readonly IncidentCounts: {
            /** Format: int64 */
            readonly acknowledged: number;
            /**
             * Format: int64
             * @description Messages that were given up.
             */
            readonly dead_letters: number;
            /**
             * Format: int64
             * @description Open incidents.
             */
            readonly firing: number;
            /**
             * Format: int64
             * @description Instances that are about to open.
             */
            readonly pending: number;
            /**
             * Format: int64
             * @description Messages that a target has not taken yet.
             */
            readonly undelivered: number;
        };
        /** @description Something that happened to an incident, as the API shows it. */
        readonly IncidentEvent: {
            /** @description Who did it. */
            readonly actor: string | null;
            /**
             * Format: int64
             * @description Epoch milliseconds.
             */
            readonly at: number;
            readonly detail: string | null;
            /** @description `open`, `sent`, `acknowledge`, `resolve` and so on. */
            readonly kind: string;
            /** Format: int64 */
            readonly n: number | null;
            /**
             * Format: int64
             * @description End of the window that it rests on, epoch milliseconds.
             */
            readonly tick: number;
            /** Format: double */
            readonly value: number | null;
        };
        /**
         * @description The words of `Incident::mute`: what holds messages back.
         * @enum {string}
         */
        readonly IncidentMute: "silenced" | "inhibited" | "gathering" | "bundled" | "parked";
        /**
         * @description The words of `Incident::state`.
         * @enum {string}
         */
        readonly IncidentState: "firing" | "recovering" | "closed";
        /** @description An incident with what happened to it, in order. */
        readonly IncidentStory: components["schemas"]["Incident"] & {
            readonly events: readonly components["schemas"]["IncidentEvent"][];
        };
        /**
         * @description The words of `PhaseOf::phase`.
         * @enum {string}
         */
        readonly InstancePhase: "pending" | "firing" | "recovering";
        /** @description What the status lamp shows. */
        readonly Lamp: {
            /** Format: int64 */
            readonly acknowledged: number;
            /**
             * Format: int64
             * @description Seconds since rules were last evaluated.
             */
            readonly age_s: number | null;
            readonly state: components["schemas"]["LampState"];
            /**
             * Format: int64
             * @description Open incidents that nobody has taken.
             */
            readonly triggered: number;
            /**
             * Format: int64
             * @description Messages that could not be delivered for minutes.
             */
            readonly undelivered: number;
        };
        /**
         * @description The words of `Lamp::state`.
         * @enum {string}
         */
        readonly LampState: "red" | "orange" | "green" | "blue";
        /** @description Where a rule starts or ends to hold. */
        readonly Limit: {
            /** Format: double */
            readonly at: number;
            readonly op: components["schemas"]["Comparison"];
        };
        /** @description One thing that lint found. */
        readonly LintFinding: {
            /** @description Where in the rule's file, as `query.min_n`; null when it is about no one field. */
            readonly field: string | null;
            readonly level: components["schemas"]["LintLevel"];
            readonly rule: string;
            readonly what: string;
        };
        /**
         * @description How much it matters.
         * @enum {string}
         */
        readonly LintLevel: "warning" | "error";
        /** @description What there is to say about a rule's text. */
        readonly Linted: {
            /** @description What lint says, the worst first. */
            readonly findings: readonly components["schemas"]["LintFinding"][];
            readonly problem: components["schemas"]["Problem"] | null;
            readonly rule: components["schemas"]["Rule"] | null;
        };
        /** @description The data of an event; its name says which. */
        readonly LiveEvent: components["schemas"]["Status"] | components["schemas"]["LiveIncidents"];
        /** @description What became of incidents. */
        readonly LiveIncidents: {
            /** @description Ids of those that are not as they were at the last event; of the open ones in the first. */
            readonly changed: readonly string[];
            /** @description What `/lamp` says. */
            readonly lamp: components["schemas"]["Lamp"];
            /** @description Ids of all open ones. */
            readonly open: readonly string[];
        };
        /** @description Something that was made. */
        readonly Made: {
            readonly id: string;
        };
        /**
         * @description The words of `OutboxMessage::status`.
         * @enum {string}
         */
        readonly MessageStatus: "queued" | "delivered" | "dead" | "dropped";
        /** @description What to try. */
        readonly NewBacktest: {
            /** @description Epoch milliseconds or RFC 3339, as a text. */
            readonly from: string;
            /** @description Known outages as CSV with the columns `from`, `to` and labels. */
            readonly labels?: string | null;
            /** @description The text of a rule that is not saved yet. */
            readonly rule?: string | null;
            /** @description Other thresholds to try. */
            readonly sweep?: readonly number[];
            /** @description Epoch milliseconds or RFC 3339, as a text. */
            readonly to: string;
        };
        /** @description A parameter as it shall be. */
        readonly NewParam: {
            /** @description As the list of queries shows it; a timestamp may be RFC 3339 too. Absent: the parameter must be given. */
            readonly default?: unknown;
            readonly name: string;
            readonly type: components["schemas"]["ParamType"];
        };
        /** @description A saved query as it shall be. */
        readonly NewQuery: {
            /** @description Who acts, when the command line acts for somebody. */
            readonly by?: string | null;
            /** @description In the order in which they are asked for. */
            readonly params?: readonly components["schemas"]["NewParam"][];
            /** @description One `SELECT`; `$name` stands for a parameter. */
            readonly sql: string;
            /** @description What it answers, in a line. */
            readonly title: string;
            /**
             * @description The version that was read before it was changed, of a shipped one too; when it is another by now, nothing
             *     is written. Absent: there is no query of this name yet.
             */
            readonly version?: string | null;
        };
        /** @description A rule's text. */
        readonly NewRule: {
            /** @description Who acts, when the command line acts for somebody. */
            readonly by?: string | null;
            /** @description The file (TOML). Its `id` is the one of the path. */
            readonly text: string;
            /**
             * @description The version that was read before it was changed; when it is another by now, nothing is written. Absent:
             *     there is no such rule yet.
             */
            readonly version?: string | null;
        };
        /** @description A new silence. */
        readonly NewSilence: {
            /** @description Who acts, when the command line acts for somebody. */
            readonly by?: string | null;
            /** @description `2h`; at most 30 days. */
            readonly for: string;
            /** @description `rule`, `team`, `service`, `severity` or a label, and the value it has to have. */
            readonly matchers: {
                readonly [key: string]: string;
            };
            readonly reason: string;
            /** @description Ends it as soon as nothing that matches is open. */
            readonly until_clear?: boolean;
        };
        /** @description What a new token may do. */
        readonly NewToken: {
            /** @description `token`, `setup` (sets the first password) or `link` (signs in once). */
            readonly kind: string;
            /** @description Whose it is, for the record. */
            readonly name?: string | null;
            /** @description `ingest`, `read`, `respond`, `lamp` or `admin`, which is what it is when absent. */
            readonly scope?: string | null;
        };
        /** @description A message about an incident, before a target's own shape. It is what the outbox keeps. */
        readonly Notification: {
            /** @default trigger */
            readonly action: components["schemas"]["Action"];
            /**
             * @description The map at that window and place.
             * @default
             */
            readonly client_url: string;
            /**
             * @description The same for every message of the incident's key.
             * @default
             */
            readonly dedup_key: string;
            /**
             * Format: int64
             * @default 0
             */
            readonly episode: number;
            /** @description What stands out among the failing rows. */
            readonly explanation: unknown;
            /** @default  */
            readonly incident_id: string;
            /**
             * @description What it is about: `value`, or the rule itself, or several incidents at once.
             * @default
             */
            readonly kind: string;
            /** @default {} */
            readonly labels: {
                readonly [key: string]: string | null;
            };
            /** @description The instances, or the incidents of a bundle. */
            readonly members: unknown;
            /**
             * Format: int64
             * @default null
             */
            readonly n: number | null;
            /**
             * Format: int64
             * @default 0
             */
            readonly opened_us: number;
            /**
             * @description What earlier incidents of the rule turned out to be.
             * @default []
             */
            readonly past: readonly string[];
            /** @default open */
            readonly reason: components["schemas"]["Reason"];
            /** @default  */
            readonly rule: string;
            /** @default  */
            readonly runbook_url: string;
            /**
             * Format: int64
             * @description Rises with every message of a key.
             * @default 0
             */
            readonly seq: number;
            /** @default  */
            readonly service: string;
            /** @default warning */
            readonly severity: components["schemas"]["Severity"];
            /** @default  */
            readonly summary: string;
            /** @default  */
            readonly team: string;
            /**
             * Format: double
             * @default 0
             */
            readonly threshold: number;
            /**
             * Format: int64
             * @description End of the window it is about, microseconds since the epoch.
             * @default 0
             */
            readonly tick_us: number;
            /** @default  */
            readonly title: string;
            /** @default  */
            readonly unit: string;
            /**
             * Format: double
             * @default null
             */
            readonly value: number | null;
        };
        /** @description A message as the API shows it. */
        readonly OutboxMessage: {
            readonly action: components["schemas"]["Action"];
            /** Format: int64 */
            readonly attempts: number;
            /**
             * Format: int64
             * @description Epoch milliseconds.
             */
            readonly created_at: number;
            /** @description Why the last attempt failed. */
            readonly error: string | null;
            readonly id: string;
            readonly incident: string;
            /**
             * Format: int64
             * @description Not sent before this time, epoch milliseconds.
             */
            readonly not_before: number;
            /**
             * Format: int64
             * @description Rises with every message of a key.
             */
            readonly seq: number;
            readonly status: components["schemas"]["MessageStatus"];
            readonly summary: string | null;
            readonly target: string;
        };
        /** @description A `$name` of a saved query. */
        readonly Param: {
            /**
             * @description What to take when the caller gives nothing; without it the parameter must be given. A timestamp is epoch
             *     microseconds here.
             */
            readonly default?: unknown;
            readonly name: string;
            readonly type: components["schemas"]["ParamType"];
        };
        /**
         * @description What a parameter may hold.
         * @enum {string}
         */
        readonly ParamType: "timestamp" | "int" | "float" | "text";
        /** @description How long an instance was in a phase. */
        readonly PhaseOf: {
            /**
             * Format: int64
             * @description The tick that began it, epoch milliseconds.
             */
            readonly from: number;
            readonly labels: {
                readonly [key: string]: string | null;
            };
            /** @description As in `series`. */
            readonly name: string;
            readonly phase: components["schemas"]["InstancePhase"];
            /**
             * Format: int64
             * @description The tick that ended it; of the last phase, one tick after the last one looked at.
             */
            readonly to: number;
        };
        /** @description What a rule read at one tick. */
        readonly Point: {
            /**
             * Format: int64
             * @description Size of the sample.
             */
            readonly n: number | null;
            /**
             * Format: int64
             * @description End of the window, epoch milliseconds.
             */
            readonly t: number;
            /** Format: double */
            readonly value: number | null;
        };
        /** @description Why a text is no rule. */
        readonly Problem: {
            /** @description Where in the text, from 1; null when it is about more than a line. */
            readonly line: number | null;
            readonly what: string;
        };
        /** @description A saved query's answer, with the SQL that was run. */
        readonly QueryAnswer: components["schemas"]["Columns"] & {
            /** @description The values given, as read; timestamps are epoch microseconds. */
            readonly params: Record<string, never>;
            readonly query: string;
            readonly sql: string;
        };
        /** @description A saved query, or the file that is none. */
        readonly QueryEntry: components["schemas"]["SavedQuery"] | {
            readonly error: string;
            readonly name: string;
            /** @description The whole file and its hash, to mend it; null when it cannot be read at all. */
            readonly text: string | null;
            readonly version: string | null;
        };
        /**
         * @description Whose file it is.
         * @enum {string}
         */
        readonly QueryOrigin: "shipped" | "yours";
        /**
         * @description Why it is told.
         * @enum {string}
         */
        readonly Reason: "open" | "refresh" | "renotify" | "change" | "escalate" | "acknowledge" | "resolve" | "digest" | "notice" | "deploy" | "test";
        /** @description How much one person took. */
        readonly Responder: {
            readonly incidents: number;
            /** @description Where the true weekly number lies (95 %, Poisson), when it is too small for a trend. */
            readonly interval: readonly [
                number,
                number
            ] | null;
            readonly name: string;
        };
        /** @description A week. */
        readonly Review: {
            /** @description Teams over their ceiling. */
            readonly debriefs: readonly string[];
            /** @description Its begin, RFC 3339. */
            readonly from: string;
            readonly responders: readonly components["schemas"]["Responder"][];
            /** @description The noisiest first. */
            readonly rules: readonly components["schemas"]["ReviewRow"][];
            /** @description Rules without a breach or a near miss in 90 days. */
            readonly silent_rules: readonly string[];
            readonly teams: readonly components["schemas"]["ReviewRow"][];
            /** @description Its end, RFC 3339. */
            readonly to: string;
            /** @description ISO week, `2026-W48`. */
            readonly week: string;
        };
        /** @description What one group of incidents was like. */
        readonly ReviewRow: {
            /** @description Of those that were classed, how many had something to do. */
            readonly actionable: components["schemas"]["Share"];
            /** @description Pages a week that the team can take. */
            readonly ceiling: number;
            /** Format: int64 */
            readonly escalations: number;
            readonly flapping: number;
            /** @description The incidents themselves, the latest first. */
            readonly ids: readonly string[];
            readonly incidents: number;
            /** @description From the first message to the first acknowledgement. */
            readonly mtta: components["schemas"]["Spread"];
            /** @description From opening to end; what is open is not in it. */
            readonly mttr: components["schemas"]["Spread"];
            readonly never_acknowledged: number;
            readonly night_pages: number;
            /** @description Pages between 22:00 and 07:00 where the team lives, of all pages. */
            readonly night_share: components["schemas"]["Share"];
            /**
             * Format: double
             * @description Pages that were not actionable, flaps and pages that nobody took.
             */
            readonly noise: number;
            /** @description Incidents that were sent and urgent. */
            readonly pages: number;
            /** @description Empty for the whole team. */
            readonly rule: string;
            readonly still_open: number;
            readonly team: string;
        };
        /** @description A rule as it stands in its file, and how it does. */
        readonly Rule: {
            readonly backtest: components["schemas"]["BacktestReport"] | null;
            readonly enabled: boolean;
            /** Format: int64 */
            readonly every_s: number;
            /** @description What lint says. */
            readonly findings: readonly components["schemas"]["LintFinding"][];
            readonly id: string;
            /** @description Columns that tell its instances apart. */
            readonly labels: readonly string[];
            /**
             * Format: int64
             * @description End of the window evaluated last, epoch milliseconds.
             */
            readonly last_tick: number | null;
            /** @description How far its pages could be trusted; unknown until somebody has classed incidents. */
            readonly observed_ppv: components["schemas"]["Share"];
            /** Format: int64 */
            readonly open_incidents: number;
            /** @description Whether the user's folder holds its file. */
            readonly own: boolean;
            /** @description The saved query that it asks. */
            readonly query: string;
            readonly raise: components["schemas"]["Limit"];
            readonly recover: components["schemas"]["Limit"];
            readonly runbook: string;
            readonly service: string;
            readonly severity: components["schemas"]["Severity"];
            /** @description Whether the program carries a file of its name, which counts again when one's own is deleted. */
            readonly shipped: boolean;
            /** @description Names of the targets that are told. */
            readonly targets: readonly string[];
            readonly team: string;
            /** @description The file's text (TOML). */
            readonly text: string;
            readonly title: string;
            readonly unit: components["schemas"]["Unit"];
            /** @description A hash of what it decides by. */
            readonly version: string;
            /** Format: int64 */
            readonly window_s: number;
        };
        /** @description The rules that can be read, and why others cannot. */
        readonly Rules: {
            /** @description What is wrong with the other files. */
            readonly problems: readonly string[];
            readonly rules: readonly components["schemas"]["Rule"][];
        };
        /** @description A named question. */
        readonly SavedQuery: {
            readonly name: string;
            readonly origin: components["schemas"]["QueryOrigin"];
            readonly params: readonly components["schemas"]["Param"][];
            /** @description Whether the program carries one of this name, which shows again when yours is deleted. */
            readonly shipped: boolean;
            /** @description The text without its head; `$name` stands for a parameter. */
            readonly sql: string;
            /** @description The first comment line. */
            readonly title: string;
            /** @description A hash of the whole file. */
            readonly version: string;
        };
        /** @description A secret, shown this once. */
        readonly Secret: {
            readonly secret: string;
        };
        /** @description A rule's values over time. */
        readonly Series: {
            /**
             * Format: double
             * @description The threshold to open at.
             */
            readonly raise: number;
            /**
             * Format: double
             * @description The threshold to end at.
             */
            readonly recover: number;
            readonly rule: string;
            /** @description By instance, in the order of time. */
            readonly series: {
                readonly [key: string]: readonly components["schemas"]["Point"][];
            };
            /** @description When instances were not well, in the order of time. A phase goes on where the next begins. */
            readonly spans: readonly components["schemas"]["PhaseOf"][];
            /** @description The SQL of the last tick; null when it cannot be written. */
            readonly sql: string | null;
        };
        /** @description Who is signed in. */
        readonly Session: {
            /** @description `setup` before there is a password, `signed_out` or `signed_in`. */
            readonly state: string;
            readonly user: string | null;
        };
        /**
         * @description PagerDuty's four, the mildest first.
         * @enum {string}
         */
        readonly Severity: "info" | "warning" | "error" | "critical";
        /** @description A part of a whole, with its 95 % interval. */
        readonly Share: {
            /** Format: double */
            readonly hi: number;
            readonly k: number;
            /** Format: double */
            readonly lo: number;
            readonly n: number;
            /**
             * Format: double
             * @description None of nothing is unknown.
             */
            readonly value: number | null;
        };
        /** @description How somebody signs in. */
        readonly SignIn: {
            readonly password: string;
            readonly secret: string;
        } | {
            readonly password: string;
        } | {
            readonly link: string;
        };
        /** @description Incidents that match all of these are not told, until it expires. */
        readonly Silence: {
            readonly author: string;
            /**
             * Format: int64
             * @description Epoch microseconds, as all times here.
             */
            readonly created_us: number;
            /**
             * Format: int64
             * @description When it was ended before its time, epoch microseconds.
             */
            readonly ended_us: number | null;
            /**
             * Format: int64
             * @description Epoch microseconds.
             */
            readonly expires_us: number;
            readonly id: string;
            /** @description `rule`, `team`, `service`, `severity` or a label, and the value it has to have. */
            readonly matchers: {
                readonly [key: string]: string;
            };
            readonly reason: string;
            /** @description Ends as soon as nothing that matches is open. */
            readonly until_clear: boolean;
        };
        /** @description Totals of one source. */
        readonly SourceAccount: {
            /** Format: int64 */
            readonly blank: number;
            /** Format: int64 */
            readonly deduplicated: number;
            /** Format: int64 */
            readonly received: number;
            /** Format: int64 */
            readonly rejected: number;
            /** Format: int64 */
            readonly stored: number;
            /** Format: int64 */
            readonly unparsed: number;
        };
        readonly SourceStatus: {
            /** Format: int64 */
            readonly blank: number;
            /**
             * Format: int64
             * @description Lines taken in and not durable yet; they are in `received` too.
             */
            readonly in_flight: number;
            readonly name: string;
            /** Format: int64 */
            readonly received: number;
            /** Format: int64 */
            readonly stored: number;
            /** Format: int64 */
            readonly unparsed: number;
        };
        /** @description Median, 90th percentile and how many there were. */
        readonly Spread: {
            /** Format: double */
            readonly median_s: number | null;
            readonly n: number;
            /** Format: double */
            readonly p90_s: number | null;
        };
        /** @description An answer in SQL, with the SQL that was run. */
        readonly SqlAnswer: components["schemas"]["Columns"] & {
            readonly sql: string;
        };
        /** @description How the program is. */
        readonly Status: {
            readonly account: components["schemas"]["Balance"];
            /**
             * Format: int64
             * @description How long the newest rows took from arrival to disk; null until there were any since the start.
             */
            readonly caught_up_ms: number | null;
            readonly data: components["schemas"]["Extent"];
            readonly demo: boolean;
            readonly geo: components["schemas"]["GeoStatus"];
            readonly incidents: components["schemas"]["IncidentCounts"];
            /** @description What `/lamp` says. */
            readonly lamp: components["schemas"]["Lamp"];
            /** @description The server's clock, RFC 3339. */
            readonly now: string;
            readonly sources: readonly components["schemas"]["SourceStatus"][];
            readonly store: components["schemas"]["StoreStatus"];
            /**
             * Format: int64
             * @description Datagrams that the kernel dropped; null where nobody counts them.
             */
            readonly udp_drops: number | null;
            readonly version: string;
        };
        readonly StoreStatus: {
            /** Format: int64 */
            readonly bytes: number;
            readonly files: number;
            /** @description Why the last flush failed. */
            readonly flush_error: string | null;
            /** @description Rows that only memory and journal hold. */
            readonly fresh_rows: number;
        };
        /** @description Lines that came in, in the order in which they did. */
        readonly TailLines: components["schemas"]["Columns"] & {
            /**
             * Format: int64
             * @description Lines that were left out because of the limit.
             */
            readonly skipped: number;
        };
        /** @description How many lines became what; part of a source's account. */
        readonly Tally: {
            /**
             * Format: int64
             * @description Empty lines, which make no row.
             */
            readonly blank: number;
            /**
             * Format: int64
             * @description Frames that the source cut, blank ones included.
             */
            readonly received: number;
            /**
             * Format: int64
             * @description Rows stored, unparsed ones included.
             */
            readonly stored: number;
            /**
             * Format: int64
             * @description Of the stored rows, those that fit no format.
             */
            readonly unparsed: number;
        };
        /** @description The rule beside what is known to have happened. */
        readonly Truth: {
            readonly false_episodes: number;
            readonly found: number;
            readonly missed: number;
            readonly outages: number;
            /** @description True episodes of all episodes: how far a page can be trusted. */
            readonly ppv: components["schemas"]["Share"];
            /** @description Found outages of all outages. */
            readonly sensitivity: components["schemas"]["Share"];
            /** @description Good ticks that were quiet. */
            readonly specificity: components["schemas"]["Share"];
            readonly true_episodes: number;
        };
        /**
         * @description How a value is written.
         * @enum {string}
         */
        readonly Unit: "ratio" | "times" | "percent" | "seconds" | "count";
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    readonly list_geo_sources: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Each once */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": readonly components["schemas"]["GeoSource"][];
                };
            };
            /** @description Neither a token nor a session, or one that has ended */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The scope is another one, or a foreign page asks */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly import_files: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["ImportRequest"];
            };
        };
        readonly responses: {
            /** @description What became of each file */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["ImportReport"];
                };
            };
            /** @description Neither a token nor a session, or one that has ended */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The scope is another one, or a foreign page asks */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The body is not as it should be */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly list_incidents: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description At most 200 */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": readonly components["schemas"]["Incident"][];
                };
            };
            /** @description Neither a token nor a session, or one that has ended */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The scope is another one, or a foreign page asks */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly get_incident: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description Its id, or the beginning of it when no other begins so */
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The incident */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["IncidentStory"];
                };
            };
            /** @description Neither a token nor a session, or one that has ended */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The scope is another one, or a foreign page asks */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is no such incident */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly get_incident_map_png: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description Its id, or the first characters of it */
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The picture */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "image/png": readonly number[];
                };
            };
            /** @description Neither a token nor a session, or one that has ended */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The scope is another one, or a foreign page asks */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is no such incident, or it is about no window of the map */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly get_incident_map_svg: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description Its id, or the first characters of it */
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The picture */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "image/svg+xml": readonly number[];
                };
            };
            /** @description Neither a token nor a session, or one that has ended */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The scope is another one, or a foreign page asks */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is no such incident, or it is about no window of the map */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly act_on_incident: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description Its id, or the beginning of it when no other begins so */
                readonly id: string;
                /** @description `acknowledge`, `unacknowledge`, `resolve` or `class` */
                readonly act: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["Act"];
            };
        };
        readonly responses: {
            /** @description The incident as it is now */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Incident"];
                };
            };
            /** @description No such class */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Neither a token nor a session, or one that has ended */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The scope is another one, or a foreign page asks */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is no such incident or act */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The incident has ended */
            readonly 409: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The body is not as it should be */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly ingest_lines: {
        readonly parameters: {
            readonly query?: {
                /** @description Name of the source, `http` when absent. */
                readonly source?: string;
                /** @description Host of lines that name none. */
                readonly host?: string;
                /** @description Format of every line; recognised line by line when absent. */
                readonly format?: string;
                /** @description IANA name of the zone of times that name none; the machine's when absent. */
                readonly zone?: string;
            };
            readonly header?: {
                /** @description 1 to 256 plain characters; a request repeated under the same key stores nothing twice and has the same answer */
                readonly "idempotency-key"?: string | null;
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        /** @description Lines, each ended by a newline; at most 10 MiB as sent */
        readonly requestBody: {
            readonly content: {
                readonly "text/plain": string;
            };
        };
        readonly responses: {
            /** @description How many lines became what */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Tally"];
                };
            };
            /** @description No such format, zone or parameter */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Neither a token nor a session, or one that has ended */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The scope is another one, or a foreign page asks */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The Idempotency-Key came with another body before */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not stored in time; send them again under the same key */
            readonly 503: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Not stored, the disk is full or failing */
            readonly 507: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly follow_status: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Events without an end */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "text/event-stream": components["schemas"]["LiveEvent"];
                };
            };
            /** @description Neither a token nor a session, or one that has ended */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The scope is another one, or a foreign page asks */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description 64 streams are open already */
            readonly 503: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly get_openapi: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description An OpenAPI 3.1 document */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": Record<string, never>;
                };
            };
            /** @description Neither a token nor a session, or one that has ended */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The scope is another one, or a foreign page asks */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly list_messages: {
        readonly parameters: {
            readonly query?: {
                /** @description `queued`, `delivered`, `dead` or `dropped`; all when absent. */
                readonly status?: string;
                /** @description Only messages of the incident whose id is this or begins so. */
                readonly incident?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description At most 500 */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": readonly components["schemas"]["OutboxMessage"][];
                };
            };
            /** @description Neither a token nor a session, or one that has ended */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The scope is another one, or a foreign page asks */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly act_on_message: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description The message's id */
                readonly id: string;
                /** @description `retry` or `drop` */
                readonly act: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done */
            readonly 204: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Neither a token nor a session, or one that has ended */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The scope is another one, or a foreign page asks */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is no such waiting message or act */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly list_queries: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description By name */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": readonly components["schemas"]["QueryEntry"][];
                };
            };
            /** @description Neither a token nor a session, or one that has ended */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The scope is another one, or a foreign page asks */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly run_query: {
        readonly parameters: {
            readonly query?: {
                /** @description The query's own parameters by name, most often `from` and `to`. Timestamps are epoch milliseconds or RFC 3339; `null` is null */
                readonly params?: {
                    readonly [key: string]: string;
                };
            };
            readonly header?: {
                /** @description `text/csv` for CSV */
                readonly accept?: string | null;
            };
            readonly path: {
                /** @description Name of the query */
                readonly name: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The rows */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["QueryAnswer"];
                    readonly "text/csv": string;
                };
            };
            /** @description A parameter is missing, unknown or no value of its type */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Neither a token nor a session, or one that has ended */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The scope is another one, or a foreign page asks */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is no query of this name */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The query failed or ran into its limits */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly put_query: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description Its name: letters, digits, `_` and `-` */
                readonly name: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["NewQuery"];
            };
        };
        readonly responses: {
            /** @description The query as it is now */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["SavedQuery"];
                };
            };
            /** @description No name of a query */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Neither a token nor a session, or one that has ended */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The scope is another one, or a foreign page asks */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Somebody else has changed it, it is there already, or a rule could not be asked any more */
            readonly 409: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The SQL cannot be run, or the body is not as it should be */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly delete_query: {
        readonly parameters: {
            readonly query?: {
                /** @description The version that was read; when it is another by now, nothing is deleted. */
                readonly version?: string;
            };
            readonly header?: never;
            readonly path: {
                /** @description Its name */
                readonly name: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Deleted */
            readonly 204: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Neither a token nor a session, or one that has ended */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The scope is another one, or a foreign page asks */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is no such query, or it is a shipped one */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Somebody else has changed it, or a rule could not be asked any more */
            readonly 409: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly get_review: {
        readonly parameters: {
            readonly query?: {
                /** @description A time in it, epoch milliseconds or RFC 3339; now when absent. */
                readonly at?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The week */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Review"];
                };
            };
            /** @description `at` is no time */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Neither a token nor a session, or one that has ended */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The scope is another one, or a foreign page asks */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly list_rules: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description By name */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Rules"];
                };
            };
            /** @description Neither a token nor a session, or one that has ended */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The scope is another one, or a foreign page asks */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly get_rule: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description Its id */
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The rule */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Rule"];
                };
            };
            /** @description Neither a token nor a session, or one that has ended */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The scope is another one, or a foreign page asks */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is no such rule */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly put_rule: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description Its id */
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["NewRule"];
            };
        };
        readonly responses: {
            /** @description The rule as it is now, with what lint says */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Rule"];
                };
            };
            /** @description The text is no rule; the message names the line */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Neither a token nor a session, or one that has ended */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The scope is another one, or a foreign page asks */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Somebody else has changed it, or it is there already */
            readonly 409: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The body is not as it should be */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly delete_rule: {
        readonly parameters: {
            readonly query?: {
                /** @description The version that was read; when it is another by now, nothing is deleted. */
                readonly version?: string;
            };
            readonly header?: never;
            readonly path: {
                /** @description Its id */
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Deleted */
            readonly 204: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Neither a token nor a session, or one that has ended */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The scope is another one, or a foreign page asks */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is no such rule, or it is a shipped one */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Somebody else has changed it */
            readonly 409: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly backtest_rule: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description The rule's id */
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["NewBacktest"];
            };
        };
        readonly responses: {
            /** @description What the rule would have done */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["BacktestOutcome"];
                };
            };
            /** @description No time, no rule's text, no outages */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Neither a token nor a session, or one that has ended */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The scope is another one, or a foreign page asks */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is no such rule */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The body is not as it should be */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly fire_rule: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description The rule's id */
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["Fire"];
            };
        };
        readonly responses: {
            /** @description Two for each target */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": readonly components["schemas"]["Fired"][];
                };
            };
            /** @description The rule has no target */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Neither a token nor a session, or one that has ended */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The scope is another one, or a foreign page asks */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is no such rule or target */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The body is not as it should be */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly lint_rule: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description The rule's id; it need not exist */
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["Draft"];
            };
        };
        readonly responses: {
            /** @description What there is to say, also when the text is no rule */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Linted"];
                };
            };
            /** @description Neither a token nor a session, or one that has ended */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The scope is another one, or a foreign page asks */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The body is not as it should be */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly get_rule_series: {
        readonly parameters: {
            readonly query: {
                /** @description Epoch milliseconds or RFC 3339. */
                readonly from: string;
                /** @description Epoch milliseconds or RFC 3339. */
                readonly to: string;
            };
            readonly header?: never;
            readonly path: {
                /** @description The rule's id */
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The values */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Series"];
                };
            };
            /** @description No time, or more than 3000 ticks */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Neither a token nor a session, or one that has ended */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The scope is another one, or a foreign page asks */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is no such rule */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly try_rule_series: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description The rule's id; it need not exist when a text is sent */
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["DraftSeries"];
            };
        };
        readonly responses: {
            /** @description The values */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Series"];
                };
            };
            /** @description No time, no rule's text, or more than 3000 ticks */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Neither a token nor a session, or one that has ended */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The scope is another one, or a foreign page asks */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is no such rule */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The body is not as it should be */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly get_session: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The state */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Session"];
                };
            };
        };
    };
    readonly sign_in: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["SignIn"];
            };
        };
        readonly responses: {
            /** @description Signed in for twelve hours */
            readonly 200: {
                headers: {
                    /** @description `logatlas_session` */
                    readonly "set-cookie"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Session"];
                };
            };
            /** @description The password is too short */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A wrong, used or expired secret */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The body is not as it should be */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Too many wrong sign-ins, wait a minute */
            readonly 429: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly sign_out: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Signed out */
            readonly 204: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Nobody was signed in */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description A foreign page asks */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly list_silences: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description All, ended ones too; their times are epoch microseconds */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": readonly components["schemas"]["Silence"][];
                };
            };
            /** @description Neither a token nor a session, or one that has ended */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The scope is another one, or a foreign page asks */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly make_silence: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["NewSilence"];
            };
        };
        readonly responses: {
            /** @description Its id */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Made"];
                };
            };
            /** @description No span of time, none of the matchers, or too long */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Neither a token nor a session, or one that has ended */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The scope is another one, or a foreign page asks */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The body is not as it should be */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly end_silence: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description Its id */
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Ended */
            readonly 204: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Neither a token nor a session, or one that has ended */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The scope is another one, or a foreign page asks */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description There is no such silence at work */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly run_sql: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["Ask"];
            };
        };
        readonly responses: {
            /** @description The rows, in the format asked for */
            readonly 200: {
                headers: {
                    /** @description `true` when rows were left out because of the limits; not with columns, which say so themselves */
                    readonly "x-truncated"?: string;
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["SqlAnswer"];
                    readonly "text/plain": string;
                    readonly "text/csv": string;
                    readonly "application/x-ndjson": string;
                    readonly "application/vnd.apache.parquet": unknown;
                    readonly "application/vnd.apache.arrow.file": unknown;
                };
            };
            /** @description No SQL that can be run, or a parameter is missing */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Neither a token nor a session, or one that has ended */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Something else than a SELECT, or the scope is another one */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The query failed or ran into its limits, or the body is not as it should be */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly get_status: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description As it is now */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Status"];
                };
            };
            /** @description Neither a token nor a session, or one that has ended */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The scope is another one, or a foreign page asks */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly follow_lines: {
        readonly parameters: {
            readonly query?: {
                /** @description What has to hold for a line, in SQL over the columns of `logs`; every line when absent. */
                readonly where?: string;
                /** @description At most so many lines in an event, 500 when absent, 2000 at most; more are left out, the oldest first. */
                readonly limit?: number;
                /**
                 * @description Begins after this event's id, or after the batch of this number (`batch_id`); with what comes from now on
                 *     when absent. `Last-Event-ID` goes before it.
                 */
                readonly after?: string;
            };
            readonly header?: {
                /** @description The id of the last event that was read; a browser sends it by itself */
                readonly "last-event-id"?: string | null;
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Events without an end */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "text/event-stream": components["schemas"]["TailLines"];
                };
            };
            /** @description The condition is none, or an id is none */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Neither a token nor a session, or one that has ended */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Something else than a condition, or the scope is another one */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The condition cannot be tried */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description 64 streams are open already */
            readonly 503: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly make_token: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["NewToken"];
            };
        };
        readonly responses: {
            /** @description It is shown only once */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Secret"];
                };
            };
            /** @description No such kind or scope */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Neither a token nor a session, or one that has ended */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The scope is another one, or a foreign page asks */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The body is not as it should be */
            readonly 422: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly get_geometry: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description `world.json`, or a country's file */
                readonly path: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The geometry */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": Record<string, never>;
                };
            };
            /** @description There is no geometry for this place */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly get_health: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description `ok` */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "text/plain": string;
                };
            };
            /** @description The state file cannot be written any more */
            readonly 500: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly get_lamp: {
        readonly parameters: {
            readonly query?: {
                /** @description `json` (when absent), `word` or `colour`. */
                readonly format?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description The state, its word or its colour as `#rrggbb` */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Lamp"];
                    readonly "text/plain": string;
                };
            };
            /** @description No such format */
            readonly 400: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description Neither a token nor a session, or one that has ended */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The scope is another one, or a foreign page asks */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly get_metrics: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Prometheus text format 0.0.4 */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "text/plain": string;
                };
            };
            /** @description Neither a token nor a session, or one that has ended */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
            /** @description The scope is another one, or a foreign page asks */
            readonly 403: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly get_runbook: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** @description Name of the runbook, with or without `.md` */
                readonly name: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Markdown as plain text */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "text/plain": string;
                };
            };
            /** @description There is no runbook of this name */
            readonly 404: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
    readonly take_pagerduty_webhook: {
        readonly parameters: {
            readonly query?: never;
            readonly header: {
                /** @description `v1=<hex>`, one or several: HMAC-SHA256 of the body under the target's `webhook_secret` */
                readonly "x-pagerduty-signature": string;
            };
            readonly path: {
                /** @description Name of the target in the settings */
                readonly target: string;
            };
            readonly cookie?: never;
        };
        /** @description PagerDuty's event */
        readonly requestBody: {
            readonly content: {
                readonly "application/json": Record<string, never>;
            };
        };
        readonly responses: {
            /** @description Taken */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The signature is not of this target's secret */
            readonly 401: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Error"];
                };
            };
        };
    };
}
