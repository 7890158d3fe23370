// The demo people, as the door and the two-pane view offer them.

/** [{sender, name, role}] */
export async function demoPeople() {
  const response = await fetch("/demo/people", { cache: "no-store" });
  if (!response.ok) throw new Error(`demo people: ${response.status}`);
  return response.json();
}
