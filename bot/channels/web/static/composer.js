// The input: Enter sends, Shift+Enter breaks the line, an input method's own Enter does neither.

const LIMIT = 1_000;
const COUNT_FROM = 300;

/** Calls `onSend(text)` for each text that the person sends. */
export function startComposer({ form, input, send, count, onSend }) {
  let composing = false;

  const refresh = () => {
    const length = [...input.value].length;
    const over = length - LIMIT;
    send.disabled = input.value.trim() === "" || over > 0;
    count.classList.toggle("bad", over > 0);
    const words = over > 0 ? `超出 ${over} 字，最多 ${LIMIT} 字` : `已输入 ${length} 字，最多 ${LIMIT} 字`;
    count.textContent = length >= COUNT_FROM ? words : "";
    input.style.height = "auto";
    input.style.height = `${input.scrollHeight + 2}px`;
  };

  const submit = () => {
    if (send.disabled) return;
    const text = input.value.trim();
    input.value = "";
    refresh();
    onSend(text);
  };

  input.addEventListener("input", refresh);
  input.addEventListener("compositionstart", () => { composing = true; });
  input.addEventListener("compositionend", () => {
    composing = false;
    refresh();
  });
  input.addEventListener("keydown", (event) => {
    // Safari ends the composition before the Enter that ended it arrives; 229 is how that Enter is known.
    if (event.key !== "Enter" || event.shiftKey || composing || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    submit();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  // Pressing the button must not take the focus from the input: a phone would fold its keyboard after every message.
  send.addEventListener("pointerdown", (event) => event.preventDefault());
  // The large type changes the height that the text needs.
  new MutationObserver(refresh).observe(document.documentElement, { attributeFilter: ["data-large"] });

  refresh();
}
