type Colors = Readonly<Record<string, string>>;

/** The colours of a page, by the name of the variable that holds each. */
export const lightColors: Colors = {
  paper: '#fbfaf8',
  card: '#ffffff',
  ink: '#23262b',
  soft: '#6a7078',
  faint: '#dcdfe3',
  'series-1': '#2f6fb7',
  'series-2': '#d9722a',
  'series-3': '#3c9a6b',
  'series-4': '#8a63b8',
  'series-5': '#c2487b',
  'series-6': '#8c6d31',
  'series-7': '#3fa3b5',
  'series-8': '#7a7f87',
  good: '#2c8a5a',
};

const darkColors: Colors = {
  paper: '#15171a',
  card: '#1d2024',
  ink: '#e4e6e9',
  soft: '#9aa1aa',
  faint: '#363b42',
  'series-1': '#6ea8e6',
  'series-2': '#f0a066',
  'series-3': '#6cc79a',
  'series-4': '#b497dd',
  'series-5': '#ea8db2',
  'series-6': '#cdae6c',
  'series-7': '#7fd0de',
  'series-8': '#a9aeb6',
  good: '#6cc79a',
};

const variables = (colors: Colors) =>
  Object.entries(colors)
    .map(([name, value]) => `--${name}: ${value};`)
    .join(' ');

/** The style sheet of a report: light and dark, on a screen and on paper. */
export const style: string = `
:root { color-scheme: light dark; ${variables(lightColors)} }
@media (prefers-color-scheme: dark) { :root { ${variables(darkColors)} } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 68rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 1.6rem; margin: 0; font-weight: 650; letter-spacing: -.01em; }
h2 { font-size: 1.05rem; margin: 0 0 .75rem; font-weight: 600; }
p { margin: .25rem 0 0; } .soft { color: var(--soft); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: 1rem; margin: 1.5rem 0; }
.figure, section { background: var(--card); border: 1px solid var(--faint); border-radius: 10px; padding: 1rem 1.15rem; }
.figure b { display: block; font-size: 1.7rem; font-weight: 650; letter-spacing: -.02em; line-height: 1.2; font-variant-numeric: tabular-nums; }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1rem; margin-bottom: 1rem; }
section { margin-bottom: 1rem; overflow-x: auto; } section:not(.grid section) > svg { min-width: 36rem; } .grid section { margin: 0; }
svg { display: block; width: 100%; height: auto; max-height: 36rem; } svg text { font-family: system-ui, sans-serif; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { white-space: nowrap; padding: .28rem .6rem; border-bottom: 1px solid var(--faint); text-align: right; }
th { color: var(--soft); font-weight: 500; } th:first-child, td:first-child { text-align: left; padding-left: 0; }
.settings td:last-child { text-align: left; overflow-wrap: anywhere; } .settings { columns: 2 24rem; }
.settings div { display: flex; justify-content: space-between; gap: 1rem; border-bottom: 1px solid var(--faint); padding: .22rem 0; break-inside: avoid; }
.settings span { color: var(--soft); } code { font: .9em ui-monospace, SFMono-Regular, Menlo, monospace; }
.bars { display: grid; gap: .6rem; margin: .25rem 0 1rem; } .bar { background: var(--series-1); border-radius: 4px; height: 1.1rem; min-width: 3px; }
.bar.pale { background: var(--faint); }
.samples { display: grid; grid-template-columns: repeat(auto-fill, minmax(6.2rem, 1fr)); gap: .8rem; }
.samples figure { margin: 0; font-size: .78rem; line-height: 1.3; text-align: center; }
.samples img { width: 100%; max-width: 6rem; image-rendering: pixelated; border-radius: 6px; display: block; margin: 0 auto .3rem; border: 1px solid var(--faint); }
.wrong { color: var(--series-2); font-weight: 600; } .right { color: var(--good); }
@media print { body { max-width: none; padding: 0; } section, .figure { break-inside: avoid; } }
`;
