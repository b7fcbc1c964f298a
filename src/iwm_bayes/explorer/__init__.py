"""Explore a model on a local page: change care and parameters, and see beliefs and earned security.

A model, a scenario of care and parameter values come in, and a web page (Dash) with interactive plots goes out.
`scenario` simulates people, `page` is the layout, `content` fills it, and `app` has the callbacks and the server. This
package needs the extra `iwm-bayes[explorer]`. It may import from report, viz and everything below them, but not
Matplotlib or the sampler, so that the page starts within seconds.
"""
