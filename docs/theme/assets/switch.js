// The switch of tongues keeps the section: its anchors are the same in every tree.
addEventListener("click", (event) => {
  const link = event.target.closest?.(".tongues a");
  if (link) link.hash = location.hash;
});
