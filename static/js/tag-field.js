// <button data-adds-tag="Flask"> puts its tag in place of the one being typed in the field with data-tags.
(() => {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-adds-tag]");
    const field = button && document.querySelector("[data-tags]");
    if (!field) return;
    const kept = field.value.split(",").slice(0, -1).map((tag) => tag.trim()).filter(Boolean);
    field.value = [...kept, button.dataset.addsTag, ""].join(", ");
    button.parentElement.replaceChildren();
    field.focus();
  });
})();
