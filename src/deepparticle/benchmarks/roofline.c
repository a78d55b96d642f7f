/* What one core can do: the learning step (synchronous, stochastic, continuous Bernoulli; see theory.md) of one dense
 * network of N subparticles, float32, written by hand for the machine. A yardstick for benchmarks: no part of what the
 * library runs.
 *
 *   cc -O3 -march=native -ffast-math -DN=64 roofline.c -o roofline -lm && ./roofline 1000000
 *
 * Arguments of exp are capped at 40 (the vector library falls back to scalars beyond; float32 is saturated there
 * anyway). Prints microseconds per step. J is stored by source (J[j*N+i] = coupling from j to i), so both the field and
 * the update run along contiguous rows. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifndef N
#define N 64
#endif
#define ALIGNED __attribute__((aligned(64)))
static float J[(size_t)N * N] ALIGNED, evidence[10][N] ALIGNED;
static float state[N] ALIGNED, field[N] ALIGNED, error[N] ALIGNED, uniform[N] ALIGNED;
static uint32_t generator[N] ALIGNED;

int main(int argc, char **argv) {
    const long steps = argc > 1 ? atol(argv[1]) : 100000;
    const float precision = 0.1668f, rate = 0.001f;
    for (int i = 0; i < N; i++) generator[i] = 2463534242u * (i + 1) + 7;
    for (int p = 0; p < 10; p++)
        for (int i = 0; i < N; i++) evidence[p][i] = 11.0f * sinf(7.0f * p + 3.3f * i);
    struct timespec start, stop;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (long t = 0; t < steps; t++) {
        const float *u = evidence[(t / 10 * 7) % 10];
        memset(field, 0, sizeof field);
        for (int j = 0; j < N; j++) {                       /* field = J state */
            const float source = state[j], *row = J + (size_t)j * N;
            for (int i = 0; i < N; i++) field[i] += row[i] * source;
        }
        for (int i = 0; i < N; i++) {                       /* xorshift, one stream per subparticle */
            uint32_t x = generator[i];
            x ^= x << 13; x ^= x >> 17; x ^= x << 5;
            generator[i] = x;
            uniform[i] = ((x >> 8) + 0.5f) * (1.0f / 16777216.0f);
        }
        for (int i = 0; i < N; i++) {                       /* sample, predict, compare */
            const float theta = (u[i] + field[i]) * precision, a = fminf(fmaxf(fabsf(theta), 1e-6f), 40.0f);
            const float x = 1.0f + logf(uniform[i] + (1.0f - uniform[i]) * expf(-2.0f * a)) / a;
            state[i] = copysignf(1.0f, theta) * x;
            const float h = fminf(fmaxf(fabsf(field[i]), 1e-2f), 40.0f), q = expf(-2.0f * h);
            error[i] = rate * (state[i] - copysignf((1.0f + q) / (1.0f - q) - 1.0f / h, field[i]));
        }
        for (int j = 0; j < N; j++) {                       /* J += error stateT, diagonal stays 0 */
            const float source = state[j];
            float *row = J + (size_t)j * N;
            for (int i = 0; i < N; i++) row[i] += error[i] * source;
            row[j] = 0.0f;
        }
    }
    clock_gettime(CLOCK_MONOTONIC, &stop);
    const double seconds = (stop.tv_sec - start.tv_sec) + 1e-9 * (stop.tv_nsec - start.tv_nsec);
    printf("%.4f us/step  (J[0,1]=%g)\n", seconds / steps * 1e6, J[N]);
    return 0;
}
