/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a page looks: light or dark as its reader has it, and on paper. */
#ifndef VERIFIER_REPORT_STYLE_H
#define VERIFIER_REPORT_STYLE_H

#define REPORT_STYLE                                                                               \
    ":root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1b1f24;--soft:#5b6570;"         \
    "--line:#d9dee4;--pass:#1a7f37;--fail:#c0262d;--open:#9a6700;--none:#8a949e}\n"                \
    "@media(prefers-color-scheme:dark){:root{--bg:#0f1317;--card:#181d23;--ink:#e8ebee;"           \
    "--soft:#a0abb6;--line:#2e363f;--pass:#4cc26c;--fail:#ff7b72;--open:#e0b04a;--none:#76828e}}"  \
    "\n"                                                                                           \
    "*{box-sizing:border-box}\n"                                                                   \
    "body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.5 system-ui,sans-serif}\n"    \
    "main{max-width:900px;margin:0 auto;padding:24px 16px 48px}\n"                                 \
    "section,header{background:var(--card);border:1px solid var(--line);border-radius:12px;"       \
    "padding:18px 22px;margin:0 0 16px}\n"                                                         \
    "header{border-left:10px solid var(--state)}\n"                                                \
    ".trusted{--state:var(--pass)}.refused{--state:var(--fail)}.authentic{--state:var(--open)}\n"  \
    "h1{margin:0;font-size:2rem;line-height:1.2;color:var(--state)}\n"                             \
    "h2{margin:0 0 8px;font-size:1.15rem}\n"                                                       \
    "p{margin:8px 0 0}.soft{color:var(--soft)}\n"                                                  \
    ".note{border-left:4px solid var(--open);padding-left:10px}"                                   \
    ".alarm{border-left:4px solid var(--fail);padding-left:10px}\n"                                \
    "code,td.value{font:.86em/1.5 ui-monospace,monospace;overflow-wrap:anywhere}\n"                \
    "table{border-collapse:collapse;width:100%}\n"                                                 \
    "td,th{padding:6px 10px 6px 0;border-top:1px solid var(--line);text-align:left;"               \
    "vertical-align:top;overflow-wrap:anywhere}\n"                                                 \
    "tr:first-child>*{border-top:0}th{font-weight:600;width:12rem}\n"                              \
    "td.mark{width:1.6rem;font-weight:700}\n"                                                      \
    "ol{margin:6px 0 0;padding-left:1.4rem}li{margin:4px 0;overflow-wrap:anywhere}\n"              \
    ".pass{--c:var(--pass)}.fail{--c:var(--fail)}.not-compared,.warning{--c:var(--open)}"          \
    ".not-run{--c:var(--none)}\n"                                                                  \
    "td.mark{color:var(--c)}\n"                                                                    \
    "svg{display:block;width:100%;height:auto}\n"                                                  \
    "svg text{fill:var(--ink);font-size:15px}svg .title{font-weight:600}"                          \
    "svg .what{fill:var(--soft);font-size:13px}\n"                                                 \
    "svg .mark{text-anchor:middle;font-size:17px;font-weight:700;fill:var(--card)}\n"              \
    "svg circle{fill:var(--c)}svg line{stroke:var(--c);stroke-width:4}\n"                          \
    "svg .not-compared circle,svg .not-run circle{fill:var(--card);stroke:var(--c);"               \
    "stroke-width:3}\n"                                                                            \
    "svg .not-compared .mark,svg .not-run .mark{fill:var(--c)}\n"                                  \
    "svg line.not-compared,svg line.not-run,svg line.fail{stroke-dasharray:6 5}\n"                 \
    "svg .fail .what{fill:var(--c)}\n"                                                             \
    "details summary{cursor:pointer;font-weight:600}\n"                                            \
    "@media(max-width:560px){th{width:auto}h1{font-size:1.6rem}}\n"                                \
    "@media print{body{background:#fff}section,header{break-inside:avoid}}\n"

#endif
