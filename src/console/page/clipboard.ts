/** EFFECTS: copies a text, and says whether that worked: on the button, and aloud. */
import { byId } from "./elements.ts";

const SAID_MS = 1_500;

export function copyOnClick(button: HTMLButtonElement, textOf: () => string): void {
  const label = button.textContent;
  const say = (isCopied: boolean): void => {
    const said = isCopied ? "Copied" : "Not allowed";
    button.textContent = said;
    byId("said", HTMLElement).textContent = said;
    setTimeout(() => {
      button.textContent = label;
      byId("said", HTMLElement).textContent = "";
    }, SAID_MS);
  };
  button.addEventListener("click", () => void copy(textOf()).then(say));
}

/** There is no clipboard on a page that came by plain HTTP from another machine. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/** Only a selection can be copied, but what is copied of it is the page's to say: a megabyte in a text area would be laid out first. */
function copyBySelection(text: string): boolean {
  const before = document.activeElement;
  const area = document.createElement("textarea");
  let isCopied = false;
  area.className = "offstage";
  area.value = "-";
  area.addEventListener("copy", (event) => {
    event.clipboardData?.setData("text/plain", text);
    event.preventDefault();
    isCopied = event.clipboardData !== null;
  });
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
  if (before instanceof HTMLElement) before.focus({ preventScroll: true });
  return isCopied;
}
