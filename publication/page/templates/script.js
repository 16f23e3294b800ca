(function () {
  "use strict";
  var root = document.documentElement;
  var choices = document.querySelectorAll('input[name="bahasa"]');
  var key = "pilar-bahasa";
  function keep(value) { try { localStorage.setItem(key, value); } catch (ignored) { /* private window: not kept */ } }
  function kept() { try { return localStorage.getItem(key); } catch (ignored) { return null; } }
  function apply(id) { root.lang = id === "bahasa-en" ? "en" : "id"; }
  choices.forEach(function (choice) {
    if (choice.id === kept()) { choice.checked = true; }
    choice.addEventListener("change", function () { keep(choice.id); apply(choice.id); });
    if (choice.checked) { apply(choice.id); }
  });
  var links = document.querySelectorAll('nav.regions a[href^="#daerah"]');
  function here() {
    var target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    var region = target && target.closest(".region");
    links.forEach(function (link, position) {
      var own = region ? link.getAttribute("href") === "#" + region.id : position === 0;
      if (own) { link.setAttribute("aria-current", "true"); } else { link.removeAttribute("aria-current"); }
    });
  }
  addEventListener("hashchange", here);
  here();
})();
