"""How the pages look: wide and narrow, light and dark, on a screen and on paper."""

from opsctl.render import svg

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #fff; --ink: #1c1c22; --soft: #5a5a66; --rule: #d5d5dd; --tint: #f4f4f7;
  --bad: #b3261e; --fair: #8a6100; --good: #1b6e3c;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #17171c; --ink: #ececf1; --soft: #a9a9b6; --rule: #3a3a44; --tint: #202027;
    --bad: #ff8a80; --fair: #ffcf70; --good: #7fdca0;
  }
}
* { box-sizing: border-box; }
body {
  font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 76rem; margin: 0 auto; padding: 1.2rem 1rem 3rem; overflow-wrap: anywhere;
}
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .2rem; }
h2 { font-size: 1.1rem; margin: 1.6rem 0 .4rem; }
h2::first-letter, summary h3::first-letter { text-transform: uppercase; }
p { margin: .35rem 0; }
ul { margin: .2rem 0; padding-left: 1.2rem; }
.soft { color: var(--soft); }
.severe, .high, .bad { color: var(--bad); font-weight: 600; }
.medium { color: var(--fair); font-weight: 600; }
.low, .good { color: var(--good); font-weight: 600; }
.standing { font-size: 1.1rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: .5rem 0; }
dt { color: var(--soft); }
dd { margin: 0; min-width: 0; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .25rem .8rem .25rem 0; }
th, td { border-top: 1px solid var(--rule); }
th { color: var(--soft); font-weight: 400; min-width: 4.5rem; }
.short { white-space: nowrap; }
pre, code { font: 13px/1.45 ui-monospace, monospace; }
pre {
  margin: .4rem 0; padding: .5rem .7rem; background: var(--tint); border: 1px solid var(--rule);
  border-radius: 6px; white-space: pre-wrap;
}
details { border-top: 1px solid var(--rule); }
summary { padding: .3rem 0; cursor: pointer; }
summary h3 { display: inline; font-size: inherit; font-weight: 500; }
details > :not(summary) { margin-left: 1.1rem; }
.mark { font-family: ui-monospace, monospace; }
figure { margin: .6rem 0; }
figcaption { font-size: .9em; color: var(--soft); }
figure > div { overflow-x: auto; }
figure svg.ways { display: block; max-width: 100%; height: auto; margin: 0 auto; }
figure svg.wide { max-width: none; }
.portrait { display: none !important; }
@media screen and (max-width: 640px) {
  body { padding: .8rem .8rem 3rem; }
  .portrait { display: block !important; }
  .landscape { display: none !important; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dt { margin-top: .3rem; font-size: .85em; }
  table, tbody, tr, td { display: block; }
  thead { display: none; }
  tr { border-top: 1px solid var(--rule); padding: .4rem 0; }
  td { border: 0; padding: .05rem 0; }
  td[data-name]:not(:empty)::before { content: attr(data-name) ": "; color: var(--soft); font-size: .85em; }
  td:first-child { font-weight: 600; }
  td:first-child::before { content: none !important; }
  details > :not(summary) { margin-left: .3rem; }
}
@media print {
  :root {
    color-scheme: light;
    --paper: #fff; --ink: #000; --soft: #444; --rule: #bbb; --tint: #fff;
    --bad: #b3261e; --fair: #6b4b00; --good: #14532d;
  }
  @page { margin: 14mm; }
  body { font-size: 9.5pt; line-height: 1.3; max-width: none; padding: 0; }
  h1 { font-size: 14pt; }
  h2 { font-size: 11pt; margin: .8rem 0 .2rem; break-after: avoid; }
  pre, code { font-size: 8pt; }
  summary { padding: .12rem 0; list-style: none; }
  .aside:not([open]) { display: none; }
  figure, tr, summary { break-inside: avoid; }
  figure { margin: .3rem 0; }
  figure svg.ways { max-width: 100%; max-height: 58mm; }
}
"""

PAGE_STYLE = f"{STYLE}{svg.STYLE}"
