"""The compiled operations of the graph: equations of one person in, machine code for many people out.

`scan_op` is the loop over events with its gradient. `batched_cholesky` is the linear algebra of centring people on
their pilot fit. Both write out their equations in scalars (`scalar_graph`) or as source code (`numba_codegen`). This
package imports PyTensor and Numba, and no other package of the program.
"""
