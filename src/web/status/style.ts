/** The status page's style sheet. Below 58rem the table's rows are cards, which need no sideways scrolling. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f5f6f8; --card: #fff; --line: #d9dee5; --text: #1b2129; --soft: #56606d; --link: #0b4fc0;
  --good: #12662f; --good-back: #e3f4e8; --warn: #7a4a00; --warn-back: #fdf1d8; --bad: #a3211b; --bad-back: #fde8e6;
  --calm-back: #e9edf2; --mark: #e8f0fe;
  font: 16px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f1318; --card: #171d24; --line: #2d3641; --text: #e6ebf1; --soft: #a3aebb; --link: #8ab8ff;
    --good: #6fdc92; --good-back: #12291b; --warn: #f0c25a; --warn-back: #2e2310; --bad: #ff938a; --bad-back: #341917;
    --calm-back: #242c36; --mark: #1d2b42;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 3.5rem; }
body { max-width: 76rem; margin: 0 auto; padding: 0 1.25rem; background: var(--page); color: var(--text); overflow-wrap: anywhere; }
a { color: var(--link); text-underline-offset: 0.15em; }
h1, h2, p, ul, dl, dd { margin: 0; padding: 0; }
h1 { font-size: 1.25rem; }
h2 { margin-bottom: 0.6rem; font-size: 1.05rem; }
small { font-size: 0.8em; font-weight: 400; color: var(--soft); }
[hidden] { display: none !important; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 3px; }
main:focus { outline: none; }
.spoken { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: 1rem; top: -4rem; padding: 0.5rem 1rem; background: var(--card); z-index: 3; }
.skip:focus { top: 0.5rem; }

header { display: flex; flex-wrap: wrap; align-items: center; gap: 0.4rem 1.5rem; padding: 1rem 0 0.75rem; }
nav { flex: 1; }
nav ul { display: flex; gap: 1.1rem; list-style: none; }
.refresh { color: var(--soft); font-size: 0.9rem; }
button { margin-left: 0.4rem; padding: 0.25rem 0.8rem; border: 1px solid var(--soft); border-radius: 6px; background: var(--card); color: inherit; font: inherit; cursor: pointer; }
button:hover { border-color: var(--text); color: var(--text); }
footer { padding: 0.5rem 0 2rem; color: var(--soft); font-size: 0.875rem; }

#gone { position: sticky; top: 0; z-index: 2; margin-bottom: 0.75rem; padding: 0.7rem 1rem; border: 2px solid var(--bad); border-radius: 8px; background: var(--bad-back); color: var(--bad); font-weight: 600; }
.age { margin-bottom: 0.6rem; color: var(--soft); }
.age strong { color: var(--warn); }
.old section { filter: grayscale(1); border-style: dashed; }
section { margin-bottom: 1rem; padding: 1rem 1.25rem; border: 1px solid var(--line); border-radius: 10px; background: var(--card); }

.badge { display: inline-block; padding: 0.05em 0.6em; border: 1px solid currentColor; border-radius: 99px; background: var(--calm-back); color: var(--text); font-size: 0.85rem; font-weight: 600; white-space: nowrap; }
.badge::before { content: '○ '; content: '○ ' / ''; }
.badge.ok, .badge.complete { background: var(--good-back); color: var(--good); }
.badge.ok::before, .badge.complete::before { content: '✓ '; content: '✓ ' / ''; }
.badge.partial { background: var(--warn-back); color: var(--warn); }
.badge.partial::before { content: '◐ '; content: '◐ ' / ''; }
.badge.failed { background: var(--bad-back); color: var(--bad); }
.badge.failed::before { content: '✕ '; content: '✕ ' / ''; }

.verdict .badge { margin-right: 0.4rem; font-size: 0.95rem; }
.figures { display: flex; flex-wrap: wrap; gap: 0.6rem 3.5rem; margin: 0.9rem 0; }
dt { color: var(--soft); font-size: 0.9rem; }
.figure { display: block; font-size: 2.1rem; font-weight: 650; line-height: 1.25; font-variant-numeric: tabular-nums; }
.figure small { font-size: 0.95rem; }
.exact, .facts { color: var(--soft); font-size: 0.9rem; font-variant-numeric: tabular-nums; }

.facts { margin-top: 0.5rem; }
.attention ul { list-style: none; columns: 26rem; }
.attention ul:not(:has(li:nth-child(9))) { columns: auto; }
.attention li { margin-bottom: 0.4rem; break-inside: avoid; }
.attention li { display: flex; align-items: baseline; gap: 0.6rem; }
.attention .badge { flex: none; min-width: 5.4rem; text-align: center; }
.attention .why, caption { color: var(--soft); }
.attention .why { margin-left: 0.4rem; }
.file ul { margin: 0.4rem 0 0 1.25rem; }
.file p + p { margin-top: 0.5rem; }
.file .badge { margin-right: 0.4rem; }

.domains input { width: 1.1rem; height: 1.1rem; margin: 0 0.35rem 0.6rem 0; vertical-align: text-top; accent-color: var(--link); }
#only:checked ~ table tbody.ok { display: none; }
table { width: 100%; border-collapse: collapse; font-size: 0.92rem; }
caption { padding-bottom: 0.5rem; text-align: left; font-size: 0.9rem; }
th, td { padding: 0.4rem 0.6rem; text-align: right; vertical-align: baseline; white-space: nowrap; font-variant-numeric: tabular-nums; }
th:first-child, th:nth-child(2), td:nth-child(2), th:nth-child(8), td:nth-child(8) { text-align: left; }
th:first-child { padding-left: 0; }
th[scope='row'] { white-space: normal; font-weight: 600; min-width: 9rem; }
thead th { position: sticky; top: 0; z-index: 1; background: var(--card); color: var(--soft); font-weight: 600; box-shadow: inset 0 -1px var(--line); }
tbody { border-top: 1px solid var(--line); }
tbody:target { background: var(--mark); box-shadow: -0.5rem 0 var(--mark), 0.5rem 0 var(--mark); }
.errors td { padding: 0 0 0.7rem; text-align: left; white-space: normal; }
.errors ul { list-style: none; }
.errors li { padding: 0.15rem 0 0.15rem 0.8rem; border-left: 3px solid var(--bad); }
.partial .errors li { border-left-color: var(--warn); }
.errors li + li { margin-top: 0.5rem; }
summary { width: fit-content; color: var(--link); cursor: pointer; }
details p { padding-left: 1.05rem; max-width: 46rem; }

@media (max-width: 58rem) {
  body { padding: 0 0.75rem; }
  section { padding: 0.85rem 0.9rem; }
  table, caption, tbody, .errors, .errors td { display: block; }
  thead { position: absolute; clip-path: inset(50%); height: 1px; width: 1px; overflow: hidden; }
  tbody { padding: 0.6rem 0; }
  tbody tr:first-child { display: grid; grid-template-columns: 1fr 1fr 1fr; gap: 0.3rem 0.75rem; }
  tbody th[scope='row'], tbody td { padding: 0; text-align: left; white-space: normal; }
  th[scope='row'] { grid-column: 1 / 3; font-size: 1rem; }
  td:nth-child(2) { justify-self: end; }
  /* Dashes alone would fill the screen. */
  .failed td:nth-child(n + 3):not(:last-child) { display: none; }
  td:nth-child(8) { order: 1; grid-column: 1 / -1; }
  td:nth-child(n + 3)::before { display: block; color: var(--soft); font-size: 0.8rem; }
  td:nth-child(8)::before { display: inline; margin-right: 0.4rem; }
  td:nth-child(3)::before { content: 'vCPUs'; content: 'vCPUs' / ''; }
  td:nth-child(4)::before { content: 'RAM'; content: 'RAM' / ''; }
  td:nth-child(5)::before { content: 'MiB'; content: 'MiB' / ''; }
  td:nth-child(6)::before { content: 'Servers'; content: 'Servers' / ''; }
  td:nth-child(7)::before { content: 'Projects'; content: 'Projects' / ''; }
  td:nth-child(8)::before { content: 'Strategy'; content: 'Strategy' / ''; }
  td:nth-child(9)::before { content: 'Time'; content: 'Time' / ''; }
  .errors td { padding: 0.5rem 0 0; }
}
@media (max-width: 34rem) {
  header { column-gap: 0.4rem; }
  h1 { font-size: 1.05rem; }
  .figures { gap: 0.6rem 1.4rem; }
  .figure { font-size: 1.6rem; }
  .figure small { display: block; line-height: 1.2; font-size: 0.85rem; }
  nav { flex: 1 0 100%; order: 3; }
  .refresh { margin-left: auto; font-size: 0.8rem; }
}
@media print {
  .refresh, nav, .skip { display: none; }
}
`;
