"""Shared by the peers in Python: their threads, and the library that computes their matrix products. Import it before torch or jax."""
import ctypes
import os
import re


def add_thread_options(parser):
    parser.add_argument('--threads', type=int, default=1, help='threads of the framework')
    parser.add_argument('--blas-threads', type=int, default=2, help='threads of its BLAS')


def limit_threads(options):
    """Sets what the BLAS reads when it is loaded. If torch was built with MKL, torch.set_num_threads also sets the threads of MKL."""
    for library in ('OPENBLAS', 'MKL'):
        os.environ[f'{library}_NUM_THREADS'] = str(options.blas_threads)


def blas_name(torch):
    """Returns the library that computes matrix products, as far as it is known."""
    try:
        with open('/proc/self/maps', encoding='utf-8') as file:
            paths = sorted({line.split()[-1] for line in file if re.search(r'/lib(openblas|mkl_core|blis|blas)[^/]*$', line.rstrip())})
        return openblas_name(paths[0]) or os.path.basename(paths[0])
    except (OSError, IndexError):
        return torch.__config__.show().split('BLAS_INFO=')[-1].split(',')[0]


def openblas_name(path):
    """Returns the name, version and kernels that OpenBLAS reports."""
    try:
        config = ctypes.CDLL(path).openblas_get_config
    except (OSError, AttributeError):
        return None
    config.restype = ctypes.c_char_p
    words = config().decode().split()
    return ' '.join(word for word in words if not re.match(r'NO_|MAX_|DYNAMIC', word))
