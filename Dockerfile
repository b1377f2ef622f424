# The course, as README.md installs it:
#   docker build -t steady-fine-tuning . && docker run --rm -p 127.0.0.1:8888:8888 steady-fine-tuning
FROM python:3.12-slim-bookworm
RUN useradd --create-home learner
WORKDIR /course
COPY --chown=learner . .
# What a page trains goes into /course/build, so the folder itself must be the learner's, too.
RUN pip install --no-cache-dir -c constraints.txt -e ".[course]" && chown learner .
USER learner
EXPOSE 8888
CMD ["jupyter", "lab", "--ip=0.0.0.0", "--no-browser", "notebooks"]
