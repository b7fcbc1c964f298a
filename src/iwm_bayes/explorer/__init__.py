"""Explore a model on a local page: change care and parameters, and see beliefs and earned security.

A model, a scenario of care and parameter values come in, and a web page with interactive plots goes out. `page_state`
reads what a link asks for, `scenario` simulates people, `content` draws and describes them, `page` is the page around
it, and `app` is the server. `presets_page` makes the same pictures for the documentation, where no server runs. This
package needs the extra `iwm-bayes[explorer]`. It may import from report, viz and everything below them, but not
Matplotlib or the sampler, so that the page starts within seconds.
"""
