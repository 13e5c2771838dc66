// Kernels that work element by element.

KERNEL(relu)(const REAL *x, REAL *y, u32 n) {
    for (EACH(i, n)) y[i] = x[i] <= REAL(0) ? REAL(0) : x[i];
}

KERNEL(relu_gradient)(const REAL *gy, const REAL *y, REAL *gx, u32 n) {
    for (EACH(i, n)) gx[i] = y[i] <= REAL(0) ? REAL(0) : gy[i];
}

KERNEL(times)(const REAL *x, const REAL *factors, REAL *y, u32 n) {
    for (EACH(i, n)) y[i] = x[i] * factors[i];
}

KERNEL(add_two)(const REAL *a, const REAL *b, REAL *sum, u32 n) {
    for (EACH(i, n)) sum[i] = a[i] + b[i];
}

KERNEL(add_three)(const REAL *a, const REAL *b, const REAL *c, REAL *sum, u32 n) {
    for (EACH(i, n)) sum[i] = a[i] + b[i] + c[i];
}

KERNEL(zero)(REAL *y, u32 n) {
    for (EACH(i, n)) y[i] = REAL(0);
}

KERNEL(copy)(const REAL *x, REAL *y, u32 n) {
    for (EACH(i, n)) y[i] = x[i];
}
