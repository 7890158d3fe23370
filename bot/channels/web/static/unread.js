// How many pushes came while nobody looked: in the title, and for the page around a pane in a message to it.

/** Returns a function to call for each push. */
export function countUnread() {
  const title = document.title;
  let unread = 0;
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    unread = 0;
    document.title = title;
  });
  return () => {
    if (window.parent !== window) window.parent.postMessage({ pushed: window.name }, window.location.origin);
    if (!document.hidden) return;
    unread += 1;
    document.title = `(${unread}) ${title}`;
  };
}
