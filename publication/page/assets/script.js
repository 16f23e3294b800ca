(function () {
  "use strict";
  var root = document.documentElement;
  var title = document.querySelector("title");
  var choices = document.querySelectorAll('input[name="bahasa"]');
  var key = "pilar-bahasa";
  function keep(value) { try { localStorage.setItem(key, value); } catch (ignored) { /* private window: not kept */ } }
  function kept() { try { return localStorage.getItem(key); } catch (ignored) { return null; } }
  function apply(id) {
    root.lang = id === "bahasa-en" ? "en" : "id";
    document.title = title.getAttribute("data-" + root.lang);
  }
  choices.forEach(function (choice) {
    if (choice.id === kept()) { choice.checked = true; }
    choice.addEventListener("change", function () { keep(choice.id); apply(choice.id); });
    if (choice.checked) { apply(choice.id); }
  });
  // A link into something folded opens it; paper has everything open.
  function open(target) {
    for (var at = target; at; at = at.parentElement) { if (at.tagName === "DETAILS") { at.open = true; } }
  }
  function here() {
    var target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target) { open(target); target.scrollIntoView(); }
  }
  addEventListener("hashchange", here);
  if (location.hash) { here(); }
  // A table of class `sortable` is sorted by the column whose head is pressed; what has no value stays last.
  function sort(table, column, up) {
    var body = table.tBodies[0];
    Array.prototype.slice.call(body.rows).sort(function (one, two) {
      var a = one.cells[column].getAttribute("data-order"), b = two.cells[column].getAttribute("data-order");
      if (a === "" || b === "") { return (a === "") - (b === ""); }
      var numbers = !isNaN(a) && !isNaN(b);
      return (numbers ? a - b : a.localeCompare(b, "id")) * (up ? 1 : -1);
    }).forEach(function (row) { body.appendChild(row); });
  }
  document.querySelectorAll("table.sortable").forEach(function (table) {
    Array.prototype.forEach.call(table.tHead.rows[0].cells, function (head, column) {
      var button = document.createElement("button");
      button.type = "button";
      while (head.firstChild) { button.appendChild(head.firstChild); }
      head.appendChild(button);
      button.addEventListener("click", function () {
        var up = head.getAttribute("aria-sort") !== "ascending";
        table.querySelectorAll("th[aria-sort]").forEach(function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        sort(table, column, up);
      });
    });
  });
  var opened = [];
  addEventListener("beforeprint", function () {
    opened = Array.prototype.slice.call(document.querySelectorAll("details:not([open])"));
    opened.forEach(function (item) { item.open = true; });
  });
  addEventListener("afterprint", function () { opened.forEach(function (item) { item.open = false; }); });
})();
