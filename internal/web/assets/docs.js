// Adds to the documents what needs a script: copy buttons, tabs, anchors, search.
// Everything can be read without it.
"use strict";

(() => {
  // $ finds an element of the page, once and of the kind that the page has there. Any other
  // was put in by somebody else, and what it says or is called must not steer the script.
  // register.js and inbox.js have it too: a page loads one script, which leaves no name in
  // the window.
  const kinds = new Map([
    ["query", HTMLInputElement],
  ]);
  const $ = (id) => {
    const [found, another] = document.querySelectorAll("#" + CSS.escape(id));
    if (another || !(found instanceof (kinds.get(id) || HTMLElement))) throw new TypeError("#" + id + " is not that of the page");
    return found;
  };
  const texts = $("content").dataset;
  const lang = document.documentElement.lang;
  const names = { sh: "curl", js: "JavaScript", ts: "TypeScript", go: "Go" };

  groupTabs();
  document.querySelectorAll(".prose pre").forEach(addCopy);
  document.querySelectorAll(".prose :is(table, p:has(> img))").forEach(reachByKeyboard);
  document.querySelectorAll(".prose :is(h2, h3)[id]:not(.visually-hidden)").forEach(addAnchor);
  showPlace();
  prepareLanguages();
  prepareSearch();

  // reachByKeyboard has what may be wider than the page scroll by keyboard. A picture's first
  // sentence names the place that it stands in.
  function reachByKeyboard(wide) {
    wide.tabIndex = 0;
    const picture = wide.querySelector(":scope > img");
    if (!picture) return;
    wide.setAttribute("role", "region");
    wide.setAttribute("aria-label", picture.alt.split(".")[0]);
  }

  // showPlace scrolls the list of pages to the one that is open.
  function showPlace() {
    const side = document.querySelector(".side");
    const current = side.querySelector("[aria-current]");
    side.scrollTop = Math.max(0, current.offsetTop - side.clientHeight / 2);
  }

  // prepareLanguages keeps the place: a part of a page has one name in every language.
  function prepareLanguages() {
    for (const a of document.querySelectorAll(".languages a")) a.addEventListener("click", () => { a.hash = location.hash; });
  }

  function make(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  function addCopy(pre) {
    pre.tabIndex = 0;
    if (!navigator.clipboard) return;
    const button = make("button", { type: "button", class: "copy" }, texts.copy);
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(pre.textContent.replace(/\n$/, ""));
        say(texts.copied);
      } catch {
        say(texts.notCopied); // the browser does not let the page
      }
    });
    // said is for screen readers: they do not read a button anew whose text has changed.
    const said = make("span", { class: "visually-hidden", role: "status" });
    const say = (text) => {
      button.textContent = said.textContent = text;
      setTimeout(() => { button.textContent = texts.copy; said.textContent = ""; }, 2000);
    };
    const box = make("div", { class: "code" });
    pre.replaceWith(box);
    box.append(pre, button, said);
  }

  function addAnchor(heading) {
    const name = heading.textContent;
    heading.append(make("a", { class: "anchor", href: "#" + heading.id, "aria-label": texts.anchor.replace("{name}", () => name) }, "#"));
  }

  // groupTabs turns blocks of shell, JavaScript or TypeScript, and Go that follow each other, with or
  // without a heading of that name over each, into one with tabs. The choice holds for
  // the whole page.
  function groupTabs() {
    let number = 0;
    for (const first of document.querySelectorAll(".prose pre")) {
      const second = blockAfter(first);
      const run = [first, second, blockAfter(second)];
      if (/^sh,[jt]s,go$/.test(run.map(languageOf).join())) makeTabs(run, number++);
    }
    addEventListener("hashchange", followHash);
    followHash();
  }

  function languageOf(pre) {
    const code = pre && pre.matches("pre") && pre.firstElementChild;
    return code ? code.className.replace("language-", "") : "";
  }

  function isTitle(element) {
    return element && element.matches("h2, h3, h4") && Object.values(names).includes(element.textContent);
  }

  function blockAfter(element) {
    const next = element && element.nextElementSibling;
    return isTitle(next) ? next.nextElementSibling : next;
  }

  function makeTabs(blocks, number) {
    const list = make("div", { class: "tabs", role: "tablist", "aria-label": texts.tabs });
    (isTitle(blocks[0].previousElementSibling) ? blocks[0].previousElementSibling : blocks[0]).before(list);
    for (const pre of blocks) {
      const language = languageOf(pre);
      const id = "tab-" + number + "-" + language;
      const panel = make("div", { role: "tabpanel", id: id + "-panel", "aria-labelledby": id });
      const tab = make("button", { type: "button", role: "tab", id: id, "aria-controls": panel.id, "data-language": language }, names[language]);
      const title = isTitle(pre.previousElementSibling) ? [pre.previousElementSibling] : [];
      pre.before(panel);
      title.forEach((heading) => heading.classList.add("visually-hidden")); // the tab says it
      panel.append(...title, pre);
      list.append(tab);
      tab.addEventListener("click", () => chooseLanguage(language));
      tab.addEventListener("keydown", (event) => step(event, list));
    }
    chooseLanguage("sh");
  }

  // followHash shows the language to whose heading the address points.
  function followHash() {
    const target = document.getElementById(named(location.hash.slice(1)));
    const panel = target instanceof HTMLElement && target.closest(".prose [role=tabpanel]");
    if (!panel) return;
    const tab = $(panel.getAttribute("aria-labelledby"));
    chooseLanguage(tab.dataset.language);
    tab.scrollIntoView({ block: "center" });
  }

  // named is what stands behind the # of an address, which anybody may have written.
  function named(fragment) {
    try { return decodeURIComponent(fragment); } catch { return ""; }
  }

  function step(event, list) {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const tabs = [...list.children];
    const next = tabs[(tabs.indexOf(event.target) + by + tabs.length) % tabs.length];
    next.focus();
    next.click();
  }

  function chooseLanguage(language) {
    for (const tab of document.querySelectorAll(".prose [role=tab]")) {
      const chosen = tab.dataset.language === language;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      $(tab.getAttribute("aria-controls")).hidden = !chosen;
    }
  }

  function prepareSearch() {
    let pages = null;
    let hits = [];
    let at = -1;
    const query = $("query");
    const results = $("results");
    $("search").hidden = false;
    query.addEventListener("focus", load);
    query.addEventListener("input", look);
    query.addEventListener("keydown", onKey);
    document.addEventListener("click", (event) => { if (!$("search").contains(event.target)) close(); });
    $("search").addEventListener("focusout", (event) => { if (event.relatedTarget && !$("search").contains(event.relatedTarget)) close(); });

    let loading = false;
    async function load() {
      if (pages || loading) return;
      loading = true;
      try {
        const response = await fetch(texts.index);
        pages = (await response.json()).pages.map(prepare);
        if (document.activeElement === query) look(); // else whoever typed has gone on
      } catch {
        setTimeout(() => { if (document.activeElement === query) load(); }, 2000);
      } finally {
        loading = false;
      }
    }

    function look() {
      const words = plain(query.value).split(/\s+/).filter(Boolean);
      if (!pages || words.length === 0) return close();
      const found = find(pages, words);
      hits = found.slice(0, 12);
      at = hits.length > 0 ? 0 : -1;
      results.replaceChildren(...hits.map(option));
      if (hits.length === 0) results.append(make("li", { role: "option", "aria-disabled": "true" }, texts.none));
      results.hidden = false;
      query.setAttribute("aria-expanded", "true");
      const one = new Intl.PluralRules(lang).select(found.length) === "one"; // as 0 is in French
      $("count").textContent = (one ? texts.foundOne : texts.foundOther).replace("{count}", found.length);
      mark();
    }

    function option(hit, i) {
      const item = make("li", { role: "option", id: "result-" + i, lang: hit.lang }, make("strong", {}, hit.title), make("span", {}, hit.excerpt));
      item.addEventListener("click", () => follow(hit));
      return item;
    }

    // follow shuts the results first: a part of the page that is open loads nothing anew.
    function follow(hit) {
      close();
      location.href = hit.address;
    }

    function mark() {
      [...results.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === at)));
      if (at < 0) return query.removeAttribute("aria-activedescendant");
      query.setAttribute("aria-activedescendant", "result-" + at);
      results.children[at].scrollIntoView({ block: "nearest" });
    }

    function onKey(event) {
      const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (event.key === "Escape") return close();
      if (event.key === "Enter" && hits[at]) return follow(hits[at]);
      if (!by || query.value === "") return;
      event.preventDefault();
      if (hits.length === 0) return look(); // they are shut, or there are none
      at = (at + by + hits.length) % hits.length;
      mark();
    }

    function close() {
      hits = [];
      at = -1;
      results.hidden = true;
      query.setAttribute("aria-expanded", "false");
      query.removeAttribute("aria-activedescendant");
    }
  }

  // plain is a text without what nobody types into a search: capitals, accents, and
  // apostrophes that are curved. It is as long as the text.
  function plain(text) {
    return text.normalize("NFD").replace(/\p{M}/gu, "").replace(/’/g, "'").toLowerCase();
  }

  // prepare adds to a page what the search looks at.
  function prepare(page) {
    const [title, summary, text] = [page.title, page.summary, page.text].map(plain);
    return { ...page, plain: { title, summary, text, headings: page.headings.map((h) => plain(h.text)) } };
  }

  // find returns the pages that have all words, the best first: a word in a title
  // counts more than one in a heading, and that more than one in the text. What is called
  // as the words are comes before all.
  function find(pages, words) {
    const hits = [];
    for (const page of pages) {
      const scores = words.map((word) => score(page.plain, word));
      if (scores.every((n) => n > 0)) hits.push({ ...place(page, words), score: scores.reduce((a, b) => a + b, page.plain.title === words.join(" ") ? 1000 : 0) });
    }
    return hits.sort((a, b) => b.score - a.score);
  }

  function score(page, word) {
    return (page.title.includes(word) ? 12 : 0) + (page.headings.some((h) => h.includes(word)) ? 5 : 0) +
      (page.summary.includes(word) ? 3 : 0) + (page.text.includes(word) ? 1 : 0);
  }

  function place(page, words) {
    const heading = page.headings[page.plain.headings.findIndex((h) => words.every((word) => h.includes(word)))];
    return {
      address: page.address + (heading ? "#" + heading.id : ""),
      lang: page.lang,
      title: page.title + (heading ? " › " + heading.text : ""),
      excerpt: excerpt(page, words[0]),
    };
  }

  function excerpt(page, word) {
    const i = page.plain.text.indexOf(word);
    if (i < 0) return page.summary;
    const from = page.text.lastIndexOf(" ", Math.max(0, i - 40)) + 1;
    return (from > 0 ? "…" : "") + page.text.slice(from, i + 80).trim() + "…";
  }
})();
