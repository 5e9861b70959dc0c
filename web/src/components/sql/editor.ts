// The editor of the console. It lives in a shadow root: there its styles are adopted sheets, which the content
// policy allows, while in the document they would be inline styles, which it refuses.

import { acceptCompletion, autocompletion, closeCompletion, completeFromList } from "@codemirror/autocomplete";
import { history, historyKeymap, standardKeymap } from "@codemirror/commands";
import { StandardSQL, sql, type SQLNamespace } from "@codemirror/lang-sql";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { Compartment, EditorState } from "@codemirror/state";
import { EditorView, highlightSpecialChars, keymap, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";

/** A link may bring a question: what the editor does not mark by itself, but hides, joins or turns text. */
const UNSEEN =
  /[\u034f\u115f\u1160\u17b4\u17b5\u180e\u200c\u200d\u202a-\u202c\u2060-\u206f\u2800\u3164\uffa0\u{e0000}-\u{e007f}]/u;

const FUNCTIONS = [
  "wilson_low(k, n)",
  "wilson_high(k, n)",
  "shrunk_rate(k, n, prior, weight)",
  "two_proportion_z(k1, n1, k2, n2)",
  "local_hour(ts, country)",
  "local_weekday(ts, country)",
  "geo_country(ip)",
  "geo_region(ip)",
  "geo_city(ip)",
  "geo_asn(ip)",
  "geo_org(ip)",
  "date_trunc('hour', ts)",
  "to_timestamp_micros(us)",
  "approx_percentile_cont(value, 0.9)",
];

const theme = EditorView.theme({
  "&": { height: "100%", fontSize: "13px", backgroundColor: "transparent", color: "var(--ink)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55" },
  ".cm-content": { padding: "10px 4px", caretColor: "var(--accent)" },
  ".cm-placeholder": { color: "var(--soft)" },
  ".cm-tooltip": {
    border: "1px solid var(--line)",
    borderRadius: "8px",
    overflow: "hidden",
    backgroundColor: "var(--card)",
    color: "var(--ink)",
  },
  ".cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", fontSize: "12.5px" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": {
    backgroundColor: "color-mix(in srgb, var(--accent) 25%, var(--card))",
    color: "var(--ink)",
  },
  ".cm-completionDetail": { color: "var(--soft)" },
});

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--accent)", fontWeight: "600" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--ok)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--warn)" },
  { tag: tags.comment, color: "var(--soft)", fontStyle: "italic" },
]);

/**
 * Typing over a selection: the browser itself would keep the look of what was there in an inline style, which the
 * content policy refuses and the console then tells.
 */
const typingOver = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { state } = view;
    if (event.inputType !== "insertText" || !event.data || view.composing || state.selection.main.empty) return false;
    view.dispatch({ ...state.replaceSelection(event.data), userEvent: "input.type", scrollIntoView: true });
    // What is handled is prevented.
    return true;
  },
});

interface Handlers {
  readonly onchange: (text: string) => void;
  readonly onrun: () => void;
}

export class Editor {
  readonly #view: EditorView;
  readonly #language = new Compartment();

  constructor(host: HTMLElement, text: string, { onchange, onrun }: Handlers) {
    const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
    const run = (view: EditorView) => {
      closeCompletion(view);
      onrun();
      return true;
    };
    this.#view = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: text,
        extensions: [
          // Before the ordinary keys, of which one is a new line.
          keymap.of([
            { key: "Mod-Enter", run },
            { key: "Ctrl-Enter", run },
            // Without an open list it leaves the field, as everywhere.
            { key: "Tab", run: acceptCompletion },
          ]),
          history(),
          typingOver,
          highlightSpecialChars({ addSpecialChars: UNSEEN }),
          autocompletion({ icons: false }),
          keymap.of([...standardKeymap, ...historyKeymap]),
          this.#language.of(language({})),
          syntaxHighlighting(colours),
          theme,
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ "aria-label": "SQL", spellcheck: "false" }),
          placeholder("SELECT country, count(*) FROM logs GROUP BY 1 ORDER BY 2 DESC"),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) onchange(update.state.doc.toString());
          }),
        ],
      }),
    });
  }

  /** Completes the names of these tables and columns. */
  know(schema: SQLNamespace): void {
    this.#view.dispatch({ effects: this.#language.reconfigure(language(schema)) });
  }

  /** Puts another text in the place of this one; it can be undone. */
  put(text: string): void {
    const { doc } = this.#view.state;
    if (doc.toString() !== text) this.#view.dispatch({ changes: { from: 0, to: doc.length, insert: text } });
  }

  /** Puts a word where the cursor is. */
  insert(word: string): void {
    this.#view.dispatch(this.#view.state.replaceSelection(word));
    this.#view.focus();
  }

  focus(): void {
    this.#view.focus();
  }

  destroy(): void {
    this.#view.destroy();
  }
}

function language(schema: SQLNamespace) {
  const functions = completeFromList(FUNCTIONS.map((label) => ({ label, type: "function" })));
  return [
    sql({ dialect: StandardSQL, schema, defaultTable: "logs", upperCaseKeywords: true }),
    StandardSQL.language.data.of({ autocomplete: functions }),
  ];
}
