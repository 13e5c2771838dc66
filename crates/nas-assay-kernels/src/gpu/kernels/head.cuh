// The end of a network: the classifier and the loss.

#ifndef PRODUCT_SHAPE
#define PRODUCT_SHAPE
// Element `(row, inner)` of the left matrix lies at `row * left_row + inner * left_inner`, and so on.
struct Product {
    u32 rows, inner, columns, left_row, left_inner, right_inner, right_column;
};
#endif

// A product of matrices: each element a chain of fused multiply-adds along the inner dimension, from the bias of its column on.
KERNEL(product)(const REAL *left, const REAL *right, const REAL *bias, REAL *y, Product p) {
    for (EACH(i, p.rows * p.columns)) {
        u32 row = i / p.columns, column = i % p.columns;
        REAL sum = bias ? bias[column] : REAL(0);
        for (u32 inner = 0; inner < p.inner; inner++)
            sum = fused(left[row * p.left_row + inner * p.left_inner], right[inner * p.right_inner + column * p.right_column], sum);
        y[i] = sum;
    }
}

// The largest logit of a row and the sum of exponentials relative to it, in double precision.
__device__ __forceinline__ double NAME(exponentials)(const REAL *logits, u32 classes, double &largest) {
    largest = -INFINITY;
    for (u32 c = 0; c < classes; c++) largest = fmax(largest, (double)logits[c]);
    double sum = 0.0;
    for (u32 c = 0; c < classes; c++) sum += exp((double)logits[c] - largest);
    return sum;
}

// The mean cross-entropy. A label that is no class makes it NaN.
KERNEL(cross_entropy)(const REAL *logits, const u32 *labels, REAL *loss, u32 n, u32 classes) {
    double sum = 0.0;
    for (u32 i = threadIdx.x; i < n; i += BLOCK) {
        double largest, total = NAME(exponentials)(logits + i * classes, classes, largest);
        sum += labels[i] < classes ? largest + log(total) - (double)logits[i * classes + labels[i]] : NAN;
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) *loss = (REAL)(sum / n);
}

KERNEL(cross_entropy_gradient)(const REAL *gy, const REAL *logits, const u32 *labels, REAL *gradient, u32 n, u32 classes) {
    double scale = (double)*gy / n;
    for (EACH(i, n)) {
        const REAL *row = logits + i * classes;
        double largest, total = NAME(exponentials)(row, classes, largest);
        for (u32 c = 0; c < classes; c++)
            gradient[i * classes + c] = (REAL)((exp((double)row[c] - largest) / total - (c == labels[i] ? 1.0 : 0.0)) * scale);
    }
}

// `Σ v gradient / gy`, the gradient by `gy`.
KERNEL(cross_entropy_along)(const REAL *v, const REAL *logits, const u32 *labels, REAL *result, u32 n, u32 classes) {
    double sum = 0.0;
    for (u32 i = threadIdx.x; i < n; i += BLOCK) {
        const REAL *row = logits + i * classes;
        double largest, total = NAME(exponentials)(row, classes, largest);
        double own = labels[i] < classes ? -(double)v[i * classes + labels[i]] : NAN;
        for (u32 c = 0; c < classes; c++) own += exp((double)row[c] - largest) / total * (double)v[i * classes + c];
        sum += own;
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) *result = (REAL)(sum / n);
}

// The Hessian by the logits times `v`, times `gy`.
KERNEL(cross_entropy_second)(const REAL *v, const REAL *gy, const REAL *logits, REAL *product, u32 n, u32 classes) {
    double scale = (double)*gy / n;
    for (EACH(i, n)) {
        const REAL *row = logits + i * classes, *along = v + i * classes;
        double largest, total = NAME(exponentials)(row, classes, largest), mean = 0.0;
        for (u32 c = 0; c < classes; c++) mean += exp((double)row[c] - largest) / total * (double)along[c];
        for (u32 c = 0; c < classes; c++)
            product[i * classes + c] = (REAL)(exp((double)row[c] - largest) / total * ((double)along[c] - mean) * scale);
    }
}
