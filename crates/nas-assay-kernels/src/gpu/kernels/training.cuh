// A step of training: the norm of all gradients, the step itself, and what is told of it. Lists of tensors come as arguments, so that
// nothing has to be uploaded.

#ifndef TRAINING_SHAPES
#define TRAINING_SHAPES
#define TENSORS 96

struct Gradients {
    const void *gradient[TENSORS];
    u32 length[TENSORS];
    u32 first; // the number of the first tensor
};

struct Steps {
    void *weights[TENSORS], *velocity[TENSORS];
    const void *gradient[TENSORS]; // null: zeros
    u32 length[TENSORS];
};

// What a step leaves behind: the factor of the gradients, their norm, and one more than the number of the first parameter whose gradient
// was not finite. After that no step changes anything.
struct StepState {
    double factor, norm, diverged;
};
#endif

// The sum of squares of each tensor, in `gridDim.x` parts. `blockIdx.y` is the tensor.
KERNEL(squares)(Gradients list, double *parts) {
    const REAL *gradient = (const REAL *)list.gradient[blockIdx.y];
    double sum = 0.0;
    for (EACH(i, list.length[blockIdx.y])) {
        double value = (double)gradient[i];
        sum = fused(value, value, sum);
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) parts[(list.first + blockIdx.y) * gridDim.x + blockIdx.x] = sum;
}

KERNEL(sgd)(Steps list, const StepState *state, double rate, double momentum, double decay) {
    if (state->diverged != 0.0) return;
    REAL *weights = (REAL *)list.weights[blockIdx.y], *velocity = (REAL *)list.velocity[blockIdx.y];
    const REAL *gradient = (const REAL *)list.gradient[blockIdx.y];
    REAL scale = (REAL)state->factor, kept = (REAL)momentum, part = (REAL)decay, by = (REAL)rate;
    for (EACH(i, list.length[blockIdx.y])) {
        REAL own = weights[i], moved = fused(kept, velocity[i], fused(part, own, scale * (gradient ? gradient[i] : REAL(0))));
        velocity[i] = moved;
        weights[i] = own - by * moved;
    }
}

// Adds a step to the results of an epoch: `weight` times the loss, and the images whose greatest logit is that of their label, divided by
// `share`. Of equal logits the first counts as the greatest.
KERNEL(tally)(const REAL *logits, const u32 *labels, const REAL *loss, double *results, u32 n, u32 classes, double weight, double share) {
    double right = 0.0;
    for (u32 i = threadIdx.x; i < n; i += BLOCK) {
        const REAL *row = logits + i * classes;
        u32 greatest = 0;
        bool defined = true;
        for (u32 c = 0; c < classes; c++) {
            defined = defined && row[c] == row[c];
            if (row[c] > row[greatest]) greatest = c;
        }
        right += defined && greatest == labels[i] ? 1.0 : 0.0;
    }
    right = block_sum(right);
    if (threadIdx.x != 0) return;
    results[0] += (double)*loss * weight;
    results[1] += right / share;
}

// A batch of images: `entries` has the number of each image and how it is changed, a byte each of top, left, flip and padding. The padding
// is black.
KERNEL(batch)(const unsigned char *pixels, const float *tables, const unsigned char *all_labels, const u32 *entries, REAL *images,
              u32 *labels, u32 n, u32 side) {
    for (EACH(i, n)) {
        u32 area = side * side, place = i / (3 * area), channel = i / area % 3, y = i % area / side, x = i % side;
        u32 image = entries[2 * place], change = entries[2 * place + 1];
        int padding = change >> 24, top = change & 255, left = change >> 8 & 255;
        bool flip = (change >> 16 & 255) != 0;
        int row = (int)y + top - padding, column = (int)(flip ? side - 1 - x : x) + left - padding;
        u32 pixel = 0;
        if (row >= 0 && column >= 0 && row < (int)side && column < (int)side)
            pixel = pixels[((size_t)image * 3 + channel) * area + row * side + column];
        images[i] = (REAL)tables[256 * channel + pixel];
        if (i % (3 * area) == 0) labels[place] = all_labels[image];
    }
}
