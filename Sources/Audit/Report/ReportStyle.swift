/// How the page looks, by day and by night, on a screen and on paper.
enum ReportStyle {
  static let sheet = """

    :root { --page: #f6f7f9; --card: #ffffff; --ink: #1b2330; --soft: #667085; --line: #e4e7ec;
      --base: #98a2b3; --logins: #2e6fd8; --keys: #0f8f7e; --refusals: #d1495b;
      --good: #0f7a4d; --good-page: #e7f6ee; --bad: #b3261e; --bad-page: #fdecea;
      --talk: 15, 143, 126; --middle: var(--ink); --dark: #ffffff; }
    @media (prefers-color-scheme: dark) {
      :root { --page: #0f141b; --card: #181f29; --ink: #e6eaf0; --soft: #94a0b3; --line: #293241;
        --base: #5b677a; --logins: #6ea8ff; --keys: #3fcfb9; --refusals: #ff7d8d;
        --good: #6fe0a8; --good-page: #12291f; --bad: #ff9d94; --bad-page: #331a1a;
        --talk: 63, 207, 185; --middle: #0f141b; --dark: #0f141b; }
    }
    * { box-sizing: border-box; }
    body { margin: 0; background: var(--page); color: var(--ink);
      font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
    main { max-width: 1080px; margin: 0 auto; padding: 32px 20px 64px; }
    h1 { font-size: 28px; line-height: 1.2; margin: 0 0 4px; letter-spacing: -0.01em; }
    h2 { font-size: 17px; margin: 0 0 4px; }
    header p { margin: 0; color: var(--soft); }
    .realm { font: 13px/1.6 ui-monospace, "SF Mono", Menlo, Consolas, monospace;
      overflow-wrap: anywhere; }
    section { background: var(--card); border: 1px solid var(--line); border-radius: 12px;
      padding: 20px 22px; margin-top: 18px; }
    .verdict { border: 0; padding: 14px 18px; }
    .verdict.good { background: var(--good-page); color: var(--good); }
    .verdict.bad { background: var(--bad-page); color: var(--bad); }
    .verdict ul { margin: 8px 0 0; padding-left: 20px; }
    .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr));
      gap: 12px; background: none; border: 0; padding: 0; }
    .tile { background: var(--card); border: 1px solid var(--line); border-radius: 12px;
      padding: 14px 18px; }
    .tile b { display: block; font-size: 26px; line-height: 1.2;
      font-variant-numeric: tabular-nums; }
    .tile span { color: var(--soft); font-size: 13px; }
    .tile.logins b { color: var(--logins); }
    .tile.keys b { color: var(--keys); }
    .tile.refusals b { color: var(--refusals); }
    .note { margin: 0 0 10px; color: var(--soft); font-size: 13px; }
    figure { margin: 14px 0 0; overflow-x: auto; }
    figcaption { font-size: 13px; font-weight: 600; }
    figure svg { display: block; width: 100%; min-width: 640px; height: auto; }
    .axis { fill: var(--soft); font-size: 12px; font-variant-numeric: tabular-nums; }
    .grid { stroke: var(--line); }
    .base { stroke: var(--base); }
    .logins .column { fill: var(--logins); }
    .keys .column { fill: var(--keys); }
    .refusals .column { fill: var(--refusals); }
    .column:hover { opacity: 0.65; }
    .wide { overflow-x: auto; }
    .matrix { display: block; max-width: none; }
    .none { fill: var(--line); opacity: 0.35; }
    .talk.s1 { fill: rgba(var(--talk), 0.2); } .talk.s2 { fill: rgba(var(--talk), 0.32); }
    .talk.s3 { fill: rgba(var(--talk), 0.44); } .talk.s4 { fill: rgba(var(--talk), 0.56); }
    .talk.s5 { fill: rgba(var(--talk), 0.7); } .talk.s6 { fill: rgba(var(--talk), 0.85); }
    .talk.s7 { fill: rgb(var(--talk)); }
    .count { fill: var(--ink); font-size: 12px; font-variant-numeric: tabular-nums; }
    .count.s5, .count.s6 { fill: var(--middle); } .count.s7 { fill: var(--dark); font-weight: 600; }
    .pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(300px, 1fr));
      gap: 28px; }
    .bars { list-style: none; margin: 8px 0 0; padding: 0; }
    .bars li { display: grid; grid-template-columns: 1fr auto; column-gap: 12px; padding: 4px 0; }
    .bars span { overflow-wrap: anywhere; }
    .bars b, td:last-child { font-variant-numeric: tabular-nums; }
    .bars svg { grid-column: 1 / -1; width: 100%; height: 5px; display: block; }
    table { border-collapse: collapse; margin-top: 8px; width: 100%; max-width: 460px; }
    th { text-align: left; color: var(--soft); font-size: 13px; font-weight: 500; }
    th, td { padding: 5px 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
    th:last-child, td:last-child { text-align: right; white-space: nowrap; padding-left: 16px; }
    @media print {
      body { background: none; } section, .tile { break-inside: avoid; }
    }

    """
}
