// What strangers write into logs. The numbers are rows of a catalogue of bad inputs; what runs, moves or hides when
// it is not shown as text stands here as data. `__pwned` is the canary: nothing may ever set it.

const RUN = "window.__pwned=1";

/** Texts that are put wherever a log, a setting or a person can put text. */
export const TEXTS = [
  [2, "   "],
  [6, "a\rb\u2028c\u2029d\u0085e"],
  [7, "\u001b[2J\u001b[31mred\u001b[0m \u001b]52;c;ZXZpbA==\u0007"],
  [7, "\u001b]8;;https://evil.example/\u001b\\click\u001b]8;;\u001b\\"],
  [8, `<img src=x onerror="${RUN}">`],
  [8, `"><svg/onload=${RUN}>`],
  [8, `<script>${RUN}</script>`],
  [8, `</title></textarea></style></pre><script>${RUN}</script>`],
  [8, `' autofocus onfocus=${RUN} onmouseover=${RUN} x='`],
  [8, `<iframe srcdoc="<script>parent.__pwned=1</script>"></iframe>`],
  [8, `]]><svg xmlns="http://www.w3.org/2000/svg" onload="${RUN}"/>`],
  [8, `<link rel=stylesheet href=//evil.example/x><img src=//evil.example/x.png>`],
  [8, `&lt;img src=x onerror=${RUN}&gt;&#60;script&#62;`],
  [8, `<style>*{background:url(//evil.example/x)}</style>`],
  [9, `=HYPERLINK("http://evil.example/","x")`],
  [9, `@SUM(1+1)*cmd|' /C calc'!A0`],
  [9, "\t=1+1"],
  [9, "-1+1|cmd"],
  [9, "+1+1"],
  [10, "admin\u202egpj.exe"],
  [10, "pay\u200bpal\u2066x\u2069\ufeff\u061c\u200f"],
  [10, "in\u2060vi\u00adsi\u{e0041}ble\u3164"],
  [11, "${jndi:ldap://127.0.0.1:1/a}"],
  [11, "{{7*7}}{{constructor.constructor('window.__pwned=1')()}}#{7*7}<%=7*7%>"],
  [12, 'quote " back \\ slash \\x16\\x03'],
  [17, "__proto__"],
  [17, "constructor"],
  [19, "4111 1111 1111 1111 Authorization: Bearer abc.def.ghi https://user:secret@shop.example/"],
  [20, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"],
  [80, `javascript:${RUN}`],
  [80, "//evil.example/%2e%2e"],
  [80, "data:text/html,<script>parent.__pwned=1</script>"],
  [81, "..%2f..%2f%00etc/passwd\u0000"],
  [83, "аdmin \u0430\u0301\u0301\u0301\u0301\u0301\u0301\u0301 ﷽ 𒐫"],
  [83, "W".repeat(3000)],
  [83, "wide ".repeat(300)],
].map(([row, text], idx) => ({ row, text, idx }));

const stamp = (ms) => new Date(ms).toISOString();
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const clf = (ms) => {
  const at = stamp(ms);
  return `${at.slice(8, 10)}/${MONTHS[+at.slice(5, 7) - 1]}/${at.slice(0, 4)}:${at.slice(11, 19)} +0000`;
};
/** Addresses of a few countries and one of none. */
const IPS = ["88.0.7.1", "91.0.4.2", "8.8.8.8", "200.147.3.1", "133.11.0.1", "192.168.7.7", "2a02:908::1"];
/** As a web server writes what would end the field. */
const escaped = (text) => text.replace(/[\\"]/g, "\\$&").replace(/[\r\n]/g, "\\n");

/** Lines of every format with a text in each of their places. */
export function* linesOf({ text, idx }, ms) {
  const [ip, at] = [IPS[idx % IPS.length], clf(ms)];
  const access = (user, path, referer, agent, status = 500) =>
    `${ip} - ${user} [${at}] "GET ${path} HTTP/1.1" ${status} 12 "${referer}" "${agent}"`;
  const words = text.replace(/\s/g, "%20");
  for (const write of [escaped, (raw) => raw.replace(/[\r\n]/g, " ")]) {
    yield access("-", `/${write(words)}`, "-", "curl/8");
    yield access("-", `/q?x=${write(words)}`, write(text), "curl/8");
    yield access("-", "/agent", "https://shop.example/", write(text), 200);
    yield access(write(words), "/user", "-", "curl/8");
    yield `${write(words)}:443 ${access("-", "/vhost", "-", "curl/8")}`;
    const [long, word, time] = [write(text), write(words), stamp(ms)];
    yield `<34>1 ${time} ${word} ${word} 1 ${word} [a@1 ${word}="${long}"] ${long}`;
    yield `<13>${time} ${word} ${word}[1]: ${long}`;
    yield `<4>${time} fw-1 kernel: [1.0] [${long}] IN=${word} OUT= SRC=${ip} DST=192.0.2.10 PROTO=TCP DPT=23`;
    yield `${time} bastion sshd[1201]: Failed password for invalid user ${word} from ${ip} port 51022 ssh2`;
    yield `time=${time} level=error msg="${long}" path="/${word}" status=500 ip=${ip} ${word}="${long}"`;
    yield long;
  }
  // Three requests of each host, so that a rule has something to judge.
  for (let n = 0; n < 3; n += 1) {
    yield JSON.stringify({
      "@timestamp": stamp(ms + n),
      "log.level": n ? text : "error",
      message: text,
      host: { name: text },
      service: { name: text },
      client: { ip },
      user: { name: text },
      http: { request: { method: text, referrer: text }, response: { status_code: 500 } },
      url: { path: text, query: text, domain: text },
      user_agent: { original: text },
      rule: { name: text },
      error: { stack_trace: `${text}\n  at ${text}` },
      [text]: text,
    });
  }
}

/** Lines that are odd as a whole, as bytes. */
export function oddLines(ms) {
  const at = clf(ms);
  const access = (ip, status, bytes, when = at) =>
    `${ip} - - [${when}] "GET /odd HTTP/1.1" ${status} ${bytes} "-" "odd"`;
  const deep = `{"message":"deep","a":${"[".repeat(10_000)}${"]".repeat(10_000)}}`;
  const wide = Object.fromEntries(Array.from({ length: 10_000 }, (_, idx) => [`key${idx}`, idx]));
  return [
    "",
    " \0 \0 ",
    Buffer.from([0xc0, 0xff, 0xfe, 0x41, 0xed, 0xa0, 0x80]),
    Buffer.from(`\ufeff${access("8.8.8.8", 200, 1)}`, "utf16le"),
    `${"x".repeat(300 * 1024)}<script>window.__pwned=1</script>`,
    `crlf\r`,
    `lone\rcarriage\u2028return`,
    `203.0.113.9 - - [${at}] "\\x16\\x03\\x01\\x00" 400 0 "-" "-"`,
    Buffer.from(`203.0.113.9 - - [${at}] "\x16\x03\x01\0" 400 0`),
    ...["99999", "-1", "0", "abc"].map((status) => access("8.8.8.8", status, 1)),
    ...["-1", "18446744073709551616", "1e9"].map((bytes) => access("8.8.8.8", 500, bytes)),
    ...["01/Jan/0000", "31/Dec/9999", "30/Feb/2026"].map((day) =>
      access("8.8.8.8", 200, 1, `${day}:00:00:60 +0000`),
    ),
    ...["999.1.1.1", "::ffff:1.2.3.4%eth0", "1.2.3.4, ".repeat(1000)].map((ip) => access(ip, 500, 1)),
    JSON.stringify({ "@timestamp": stamp(ms), message: "many", ...wide }),
    `{"@timestamp":"${stamp(ms)}","message":"twice","message":"<b>again</b>","n":1e400,"m":NaN}`,
    deep,
    `{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"":"","_time":"x","message":"fields"}`,
    JSON.stringify({ message: "long name", ["k".repeat(65_536)]: "v" }),
    `panic: stack\n${"    at frame (<img src=x onerror=window.__pwned=1>)\n".repeat(500)}`,
  ];
}

/** Addresses of the view that nobody would type. */
export const ADDRESSES = [
  "/map?from=9&to=1",
  "/map?from=NaN&to=Infinity&view=custom",
  "/map?from=-62135596800000000&to=99999999999999999&view=custom",
  "/map?place=../../x&metric=%3Cimg%20src=x%20onerror=window.__pwned=1%3E",
  "/map?place=ES/%22%3E%3Csvg/onload=window.__pwned=1%3E",
  "/map?place=__proto__",
  "/lines?last=1e99h&status=%3Cscript%3Ewindow.__pwned=1%3C/script%3E",
  "/lines?text=%3Cimg%20src=x%20onerror=window.__pwned=1%3E",
  "/lines?text=(a%2B)%2B%24%E2%80%AEevil",
  "/lines?host=%E2%80%AE%1B%5B2J&source=%00&limit=1000000000000&cursor=forged",
  "/lines?from=5&to=-5",
  "/lines?view=shapes&from=NaN&to=NaN",
  "/sql?q=%3Cimg%20src=x%20onerror=window.__pwned=1%3E",
  "/sql?q=SELECT+%27%3Cscript%3Ewindow.__pwned=1%3C/script%3E%27%3B+DROP+TABLE+logs",
  "/incidents/..%2f..%2fetc%2fpasswd",
  "/incidents/%3Cimg%20src=x%20onerror=window.__pwned=1%3E",
  "/incidents?state=__proto__&owner=%E2%80%AEx",
  "/alerts/%00",
  "/alerts/javascript:window.__pwned=1",
  "/alerts?view=silences&match=%22%3E%3Csvg/onload=window.__pwned=1%3E%3D1",
  "/servers?host=%3Cimg%20src=x%20onerror=window.__pwned=1%3E&last=-1h",
  "/sources?last=NaN",
  "/settings?next=//evil.example/&next=javascript:window.__pwned=1",
  "/%5c%5cevil.example/%2e%2e",
  "/map#secret=%3Cimg%20src=x%20onerror=window.__pwned=1%3E",
];

/** Files that are not the view's. */
export const FILES = [
  "..%2f..%2fetc%2fpasswd",
  "%2e%2e/%2e%2e/etc/passwd",
  "assets/%00",
  "assets/..%252f..%252fetc%252fpasswd",
  "assets/%c0%ae%c0%ae/x",
  "geo/..%2f..%2fetc%2fpasswd",
  "runbooks/javascript:1",
  "runbooks/..%2f..%2fetc%2fpasswd",
];
