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
  var opened = [];
  addEventListener("beforeprint", function () {
    opened = Array.prototype.slice.call(document.querySelectorAll("details:not([open])"));
    opened.forEach(function (item) { item.open = true; });
  });
  addEventListener("afterprint", function () { opened.forEach(function (item) { item.open = false; }); });
})();
